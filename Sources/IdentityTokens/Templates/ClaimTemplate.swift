import EngineKit
import Identity
import Syntax

/// The template of the claims of a token: a JSON object in which `{{…}}` stands in place of a value.
///
/// A value is put in after the template was parsed, as one JSON value. So nothing that an entity is called can add a claim, or end a
/// text. A template is parsed when its record is read, and not for each token.
struct ClaimTemplate: Sendable {
    /// The template as it was sent, decoded if it was base64.
    let text: String
    /// The longest template, in bytes.
    static let bytesMax = 32 << 10
    /// The most parameters of a template.
    static let parametersMax = 64

    private enum Parameter: Hashable, Sendable {
        case entity(EntityClaim)
        /// The current time with a number of seconds added.
        case now(plus: Int)
    }

    /// The template, with a text that begins with ``mark`` in place of each parameter.
    private let object: JSONObject
    private let parameters: [Parameter]

    /// No other text of a template can begin with it.
    private static let mark = "\u{0}"
    private static let limits = JSONLimits(depthMax: 16, nodesMax: 2_000)

    /// A template without claims.
    static let empty = ClaimTemplate()

    private init() { (text, object, parameters) = ("", [:], []) }

    /// The names of the claims that the template gives.
    var names: [String] { object.keys }

    /// Reads a template. An empty text is one without claims.
    ///
    /// - Throws: An error that says what is wrong, and quotes only the expression of a parameter.
    init(_ text: String) throws(CofferError) {
        guard text.utf8.count <= Self.bytesMax else { throw .invalid("a template may have \(Self.bytesMax) bytes at most") }
        guard !text.containsUTF8("\\u0000") else { throw .invalid("a template may not contain the character U+0000") }
        var (output, rest) = ("", text[...])
        var parameters: [Parameter] = []
        while let open = rest.rangeOfUTF8("{{") {
            output += rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard let close = rest.rangeOfUTF8("}}") else { throw .invalid("a \"{{\" of the template has no \"}}\"") }
            guard parameters.count < Self.parametersMax else {
                throw .invalid("a template may have \(Self.parametersMax) parameters at most")
            }
            output += "\"\\u0000\(parameters.count)\""
            parameters.append(try Self.parameter(String(rest[..<close.lowerBound].trimmingASCIISpace())))
            rest = rest[close.upperBound...]
        }
        output += rest
        (self.text, self.parameters) = (text, parameters)
        guard !output.utf8.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) else {
            object = [:]
            return
        }
        guard let parsed = (try? JSON(parsing: output, limits: Self.limits))?.objectValue else {
            throw .invalid(
                "the template must be a JSON object; parameters such as {{identity.entity.name}} have no quotes around them")
        }
        guard !Self.hasParameterAsName(.object(parsed)) else {
            throw .invalid("a parameter of the template can be a value, and not the name of a member")
        }
        object = parsed
    }

    private static func parameter(_ expression: String) throws(CofferError) -> Parameter {
        if let claim = EntityClaim(expression) { return .entity(claim) }
        if expression == "time.now" { return .now(plus: 0) }
        if let text = expression.removingUTF8Prefix("time.now.plus."), let seconds = DurationText.seconds(String(text)) {
            return .now(plus: seconds)
        }
        if let text = expression.removingUTF8Prefix("time.now.minus."), let seconds = DurationText.seconds(String(text)) {
            return .now(plus: -seconds)
        }
        throw .invalid("the template has an unknown parameter \"\(expression.prefixUTF8(128))\"")
    }

    private static func hasParameterAsName(_ value: JSON) -> Bool {
        switch value {
        case .object(let object): object.contains { $0.key.hasUTF8Prefix(mark) || hasParameterAsName($0.value) }
        case .array(let values): values.contains { hasParameterAsName($0) }
        default: false
        }
    }

    /// Returns the claims for an entity.
    ///
    /// - Parameter bytesMax: The most bytes that all values together may have.
    /// - Throws: `.tooLarge` if they have more.
    func claims(of entity: ResolvedEntity, at now: Timestamp, bytesMax: Int) throws(CofferError) -> JSONObject {
        var (values, left) = ([JSON](), bytesMax)
        for parameter in parameters {
            let value: JSON =
                switch parameter {
                case .entity(let claim): entity.value(of: claim)
                case .now(let seconds): .int(now.adding(seconds: seconds).seconds)
                }
            left -= value.encoded().count
            guard left >= 0 else { throw TokenClaimNames.tooLarge }
            values.append(value)
        }
        guard case .object(let filled) = Self.filled(.object(object), values) else { return [:] }
        return filled
    }

    private static func filled(_ value: JSON, _ values: [JSON]) -> JSON {
        switch value {
        case .string(let text):
            guard let index = text.removingUTF8Prefix(mark).flatMap({ Int($0) }), values.indices.contains(index) else {
                return value
            }
            return values[index]
        case .array(let elements): return .array(elements.map { filled($0, values) })
        case .object(let object): return .object(JSONObject(object.map { .init(key: $0.key, value: filled($0.value, values)) }))
        default: return value
        }
    }
}

extension ClaimTemplate: Hashable {
    static func == (left: ClaimTemplate, right: ClaimTemplate) -> Bool { left.text.equalsUTF8(right.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
