import EngineKit
import Syntax

/// The terms of a new secret id, as requested and within what its role allows.
struct SecretIDTerms: Sendable {
    /// How long it is valid, in seconds; 0 for no limit.
    var ttl: Int
    /// The number of logins that it is valid for; 0 for any number.
    var uses: Int
    var metadata: [String: String]
    var bounds: AddressBounds
    var tokenBounds: AddressBounds
    var warnings: [String] = []

    static let usesMax = Int(Int32.max)
    private static let metadataCountMax = 64
    private static let metadataBytesMax = 4_096
    /// The bound on the text of the metadata, as JSON or as pairs.
    private static let metadataTextMax = 8 * metadataBytesMax
    private static let tooMany = CofferError.invalid("field 'metadata' may have \(metadataCountMax) names at most")
    private static let tooLong = CofferError.invalid("field 'metadata' may have \(metadataBytesMax) bytes at most")

    static let fields: [Field] = [
        Field("metadata", .any, "Strings by name, as an object or as its JSON text; logged with every login."),
        Field("cidr_list", .strings, "Address ranges that may log in with this secret id; within the role's."),
        Field("token_bound_cidrs", .strings, "Address ranges that may use the tokens of this secret id; within the role's."),
        Field("ttl", .duration, "How long it is valid; at most, and by default, what the role says."),
        Field("num_uses", .int, "Logins it is good for; at most, and by default, what the role says."),
    ]

    /// Reads the terms from a request.
    ///
    /// - Parameter mountMax: The mount's maximum TTL in seconds; 0 where the mount sets none.
    init(_ fields: Fields, role: AppRole, mountMax: Int) throws(CofferError) {
        ttl = fields.duration("ttl") ?? role.secretIDTTL
        guard role.secretIDTTL == 0 || (1...role.secretIDTTL).contains(ttl) else {
            throw .invalid("ttl cannot be longer than the role's secret_id_ttl")
        }
        uses =
            try fields.int("num_uses").map { value throws(CofferError) in try Self.uses(value, field: "num_uses") }
            ?? role.secretIDUses
        guard role.secretIDUses == 0 || (1...role.secretIDUses).contains(uses) else {
            throw .invalid("num_uses cannot be higher than the role's secret_id_num_uses")
        }
        bounds = try AddressBounds(fields.texts("cidr_list"), field: "cidr_list")
        tokenBounds = try AddressBounds(fields.texts("token_bound_cidrs"), field: "token_bound_cidrs")
        guard bounds.isEmpty || bounds.isWithin(role.secretIDBounds) else {
            throw .invalid("field 'cidr_list' must be within the role's secret_id_bound_cidrs")
        }
        guard tokenBounds.isEmpty || tokenBounds.isWithin(role.tokens.bounds) else {
            throw .invalid("field 'token_bound_cidrs' must be within the role's token_bound_cidrs")
        }
        metadata = try Self.metadata(fields.any("metadata"))
        if mountMax > 0, ttl > mountMax {
            ttl = mountMax
            warnings.append("the secret id's ttl exceeds the mount's maximum and was shortened to it")
        }
    }

    /// Shortens the TTL, so that the secret id does not outlive the capability token that creates it.
    mutating func cut(to end: Timestamp, at now: Timestamp) throws(CofferError) {
        let left = end.secondsRoundedDown(since: now)
        guard left > 0 else { throw .denied }
        guard ttl == 0 || ttl > left else { return }
        ttl = left
        warnings.append("the secret id's ttl was shortened to the end of the calling token")
    }

    static func uses(_ value: Int, field: String) throws(CofferError) -> Int {
        guard value >= 0 else { throw .invalid("\(field) cannot be negative") }
        guard value <= usesMax else { throw .invalid("\(field) is too large") }
        return value
    }

    /// Reads the metadata: an object; the JSON text of one, as the Vault clients send it; or `key=value` and lists of that.
    private static func metadata(_ value: JSON?) throws(CofferError) -> [String: String] {
        let refusal = CofferError.invalid("field 'metadata' must be an object of strings, the JSON text of one, or key=value")
        let object: JSONObject
        switch value {
        case nil, .string(""): return [:]
        case .string(let text):
            // The bound holds before the text is parsed. JSON can take six bytes for one, and adds commas, quotes and
            // colons.
            guard text.utf8.count <= metadataTextMax else { throw tooLong }
            if let parsed = try? JSON(parsing: Array(text.utf8)) {
                guard let parsed = parsed.objectValue else { throw refusal }
                object = parsed
            } else {
                // One text can hold several pairs, separated by commas.
                object = try pairs(text.utf8.split(separator: UInt8(ascii: ",")).map { .string(String(Substring($0))) })
            }
        case .array(let values):
            guard values.count <= metadataCountMax else { throw tooMany }
            object = try pairs(values)
        case .object(let members): object = members
        default: throw refusal
        }
        guard object.count <= metadataCountMax else { throw tooMany }
        var metadata: [String: String] = [:]
        var bytes = 0
        for member in object {
            guard let text = member.value.stringValue else { throw refusal }
            bytes += member.key.utf8.count + text.utf8.count
            metadata[member.key] = text
        }
        guard bytes <= metadataBytesMax else { throw tooLong }
        return metadata
    }

    private static func pairs(_ values: [JSON]) throws(CofferError) -> JSONObject {
        let field = Field("metadata", .stringMap, "")
        return try Fields(validating: ["metadata": .array(values)], as: [field]).object("metadata") ?? .init()
    }
}
