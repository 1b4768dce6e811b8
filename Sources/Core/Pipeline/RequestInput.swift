import EngineKit
import Syntax

/// What a request brings for its handler: one map, which the ACL judges, the audit records and the handler gets.
///
/// The query is data only where the protocol says so: of a read, a listing, a deletion and help. The query of a write is
/// nobody's, so that it cannot be used to get around a rule about what a write may say.
struct RequestInput {
    /// As it was sent; empty where the operation has none.
    private(set) var body = JSONObject()
    /// The body of a write, the query of everything else; of a deletion both.
    private(set) var data = JSONObject()
    /// The body of a write to a route that takes bytes.
    private(set) var raw: RawContent?

    init(_ incoming: CoreRequest) {
        guard !incoming.operation.isWrite, !incoming.query.isEmpty else { return }
        data.members.reserveCapacity(incoming.query.count)
        // Dialects refuse a name that comes twice; of two in spite of that the later counts, here and for the handler.
        for item in incoming.query { data[item.name] = .string(item.value) }
    }

    static let isForm = CofferError(
        .unsupportedMediaType, "forms are not accepted; send the body as JSON (Content-Type: application/json)")

    /// Reads the body as the route takes it. Returns what is wrong with it, for callers that may know; rules about parameters then
    /// see none of it.
    mutating func parseBody(_ incoming: CoreRequest, as kind: EnginePath.RequestBody, limits: JSONLimits) -> CofferError? {
        if case .bytes(let bytesMax) = kind, incoming.operation.isWrite {
            guard incoming.body.count <= bytesMax else {
                return CofferError(.tooLarge, "the body is larger than the \(bytesMax) bytes that this path takes")
            }
            raw = RawContent(incoming.body, contentType: incoming.contentType)
            return nil
        }
        if incoming.isForm { return Self.isForm }
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
        // Looked up in the query alone, which has few items: the body may have as many as its sender likes.
        for member in body where data[member.key] != nil {
            return .invalid("a parameter is both in the query and in the body")
        }
        if data.isEmpty { data = body } else { data.members += body.members }
        return nil
    }

    /// With the parts of the path that the pattern names. Whoever allowed a path may rely on what it says, so a body that
    /// says something else is refused, except where the body is the caller's own to store.
    func handed(_ captures: Captures, _ declared: EnginePath) throws(CofferError) -> JSONObject {
        guard !captures.pairs.isEmpty else { return data }
        var handed = data
        for pair in captures.pairs {
            if !declared.isOpen, let sent = data[pair.name], !sent.isNull, !Self.says(sent, pair.value) {
                throw .invalid("field '\(pair.name)' contradicts the path")
            }
            handed[pair.name] = .string(pair.value)
        }
        return handed
    }

    private static func says(_ sent: JSON, _ captured: String) -> Bool {
        let text: String
        switch sent {
        case .string(let value), .number(let value): text = value
        default: return false
        }
        // Paths of mounts come with a final slash and without.
        let slash = UInt8(ascii: "/")
        let bytes = text.utf8.last == slash ? text.utf8.dropLast() : text.utf8[...]
        return text.utf8.elementsEqual(captured.utf8) || bytes.elementsEqual(captured.utf8)
    }

    func ignoredFieldWarnings(_ declared: EnginePath, operation: Operation, query: [(name: String, value: String)]) -> [String] {
        var warnings: [String] = []
        if !declared.isOpen, !body.isEmpty {
            let known = Set(declared.fields.map(\.name) + declared.pattern.captureNames)
            let ignored = body.keys.filter { !known.contains($0) }
            if !ignored.isEmpty { warnings.append("Endpoint ignored these unrecognized parameters: \(Self.shown(ignored))") }
        }
        if operation.isWrite, !query.isEmpty {
            warnings.append(
                "The query of a write is not read; send these parameters in the body: \(Self.shown(query.map(\.name)))")
        }
        return warnings
    }

    private static func shown(_ names: [String]) -> String { "[\(names.sorted().prefix(20).joined(separator: " "))]" }
}
