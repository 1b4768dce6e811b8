import EngineKit
import Syntax

/// The data of a request: one map, which the ACL checks, the audit records and the handler receives.
///
/// The query is data of reads, listings, deletions and help only, as the protocol has it. The query of a write is ignored, so that
/// it cannot bypass a policy's rules about parameters.
struct RequestInput {
    /// The JSON body as it was sent; empty if there is none.
    private(set) var body = JSONObject()
    /// The body of a write, the query of everything else, and both of a deletion.
    private(set) var data = JSONObject()
    /// The body of a write to a route that accepts any bytes.
    private(set) var raw: RawContent?

    init(_ incoming: CoreRequest) {
        guard !incoming.operation.isWrite, !incoming.query.isEmpty else { return }
        data.members.reserveCapacity(incoming.query.count)
        // Dialects refuse duplicate names. If there were one, the last value would count for the ACL and the handler alike.
        for item in incoming.query { data[item.name] = .string(item.value) }
    }

    private static let formRefusal = CofferError(
        .unsupportedMediaType, "forms are not accepted; send the body as JSON (Content-Type: application/json)")

    /// Parses the body as the route accepts it. Returns the error instead of throwing it, because only authorized callers may see
    /// it. A body with an error is ignored by rules about parameters.
    mutating func parseBody(_ incoming: CoreRequest, as kind: EnginePath.RequestBody, limits: JSONLimits) -> CofferError? {
        if case .bytes(let bytesMax) = kind, incoming.operation.isWrite {
            guard incoming.body.count <= bytesMax else {
                return CofferError(.tooLarge, "the body is larger than the \(bytesMax) bytes that this path takes")
            }
            raw = RawContent(incoming.body, contentType: incoming.contentType)
            return nil
        }
        if incoming.isForm { return Self.formRefusal }
        guard !incoming.body.isEmpty, incoming.operation.isWrite || incoming.operation == .delete else { return nil }
        let value: JSON
        do { value = try JSON(parsing: incoming.body, limits: limits) } catch {
            return .invalid("the body is not acceptable JSON: \(error)")
        }
        switch value {
        case .object(let members): body = members
        case .null: return nil
        default: return .invalid("the body must be a JSON object")
        }
        // The query has few items, so looking up in it stays fast for a body with many.
        for member in body where data[member.key] != nil {
            return .invalid("a parameter is both in the query and in the body")
        }
        if data.isEmpty { data = body } else { data.members += body.members }
        return nil
    }

    /// Returns the data with the captures of the path. Throws if a member contradicts its capture, because policies are written for
    /// paths; this does not apply to paths that store any body.
    func handed(_ captures: Captures, _ declared: EnginePath) throws(CofferError) -> JSONObject {
        guard !captures.pairs.isEmpty else { return data }
        var handed = data
        for pair in captures.pairs {
            if !declared.isOpen, let sent = data[pair.name], !sent.isNull, !Self.matches(sent, pair.value) {
                throw .invalid("field '\(pair.name)' contradicts the path")
            }
            handed[pair.name] = .string(pair.value)
        }
        return handed
    }

    /// Returns whether a member has the same text as the capture of its name.
    private static func matches(_ sent: JSON, _ captured: String) -> Bool {
        let text: String
        switch sent {
        case .string(let value), .number(let value): text = value
        default: return false
        }
        // Clients send mount paths with and without a final slash.
        let slash = UInt8(ascii: "/")
        let bytes = text.utf8.last == slash ? text.utf8.dropLast() : text.utf8[...]
        return text.utf8.elementsEqual(captured.utf8) || bytes.elementsEqual(captured.utf8)
    }

    /// Returns warnings about parameters that the path does not declare.
    func ignoredFieldWarnings(_ declared: EnginePath, operation: Operation, query: [(name: String, value: String)]) -> [String] {
        var warnings: [String] = []
        if !declared.isOpen, !body.isEmpty {
            let known = Set(declared.fields.map(\.name) + declared.pattern.captureNames)
            let ignored = body.keys.filter { !known.contains($0) }
            if !ignored.isEmpty { warnings.append("Endpoint ignored these unrecognized parameters: \(Self.shown(ignored))") }
        }
        if operation.isWrite, !query.isEmpty {
            warnings.append(
                "The query of a write is ignored; send these parameters in the body: \(Self.shown(query.map(\.name)))")
        }
        return warnings
    }

    private static func shown(_ names: [String]) -> String { "[\(names.sorted().prefix(20).joined(separator: " "))]" }
}
