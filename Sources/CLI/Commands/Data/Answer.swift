internal import CofferClient
internal import Syntax

/// The answer of a read, a list or a write.
struct Answer {
    let response: ClientResponse

    init(_ response: ClientResponse) { self.response = response }

    /// The answer as an envelope. A few paths, such as `sys/seal-status`, answer with an object without one, which is wrapped.
    private var secret: Secret? {
        if let secret = response.secret { return secret }
        guard let object = response.json?.objectValue, object["request_id"] == nil, object["errors"] == nil, !object.isEmpty else {
            return nil
        }
        return Secret(["data": .object(object)])
    }

    /// Prints the answer, or one field of it.
    func write(to session: Session, path: String, field: String?) throws {
        let field = field.unlessEmpty
        if session.format == .raw, field == nil, !response.body.isEmpty {
            session.console.output(String(decoding: response.body, as: UTF8.self))
            return
        }
        guard let secret else { throw CommandFailure.nothing(at: path) }
        if let field { return try session.printer.field(field, of: secret) }
        if !session.printer.isTable, response.secret == nil, let json = response.json { return try session.printer.value(json) }
        try session.printer.secret(secret)
    }
}

/// The arguments of a command that begin with a path, and have `key=value` behind it.
enum PathArguments {
    /// Returns the path, and the rest as the query of a request. A list becomes several items.
    static func query(_ arguments: [String], input: Input) throws(CommandFailure) -> (path: String, query: [QueryItem]) {
        let (path, data) = try body(arguments, input: input)
        let query = data.flatMap { member in
            (member.value.arrayValue ?? [member.value]).map { QueryItem(member.key, ValueText.cell($0)) }
        }
        return (path, query)
    }

    /// Returns the path, and the rest as the body of a request.
    ///
    /// - Parameter needsData: Whether nothing behind the path is refused.
    static func body(
        _ arguments: [String], needsData: Bool = false, input: Input
    ) throws(CommandFailure) -> (path: String, body: JSONObject) {
        try arguments.expect(atLeast: 1)
        guard arguments.count > 1 || !needsData else { throw .local("Must supply data, such as key=value, or use -force") }
        let path = try ArgumentText.requiredPath(arguments[0])
        return (path, try KeyValueArguments.parse(Array(arguments.dropFirst()), input: input))
    }
}
