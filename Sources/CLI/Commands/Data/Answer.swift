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

/// The `key=value` arguments of a command as the query of a request.
enum QueryArguments {
    /// Returns the items of the query. A list becomes several items.
    static func parse(_ arguments: some Collection<String>, input: Input) throws(CommandFailure) -> [QueryItem] {
        try KeyValueArguments.parse(Array(arguments), input: input).flatMap { member in
            (member.value.arrayValue ?? [member.value]).map { QueryItem(member.key, ValueText.cell($0)) }
        }
    }
}
