internal import Syntax

/// The `key=value` arguments of a command as the body of a request.
///
/// | Argument | Value |
/// |---|---|
/// | `key=text` | The text |
/// | `key=@file` | The text of a file |
/// | `key=-` | The text of the standard input |
/// | `key=\@text` | A text that begins with `@` |
/// | `@file` | A JSON object in a file, whose members are added |
/// | `-` | A JSON object on the standard input, whose members are added |
///
/// A key that occurs more than once becomes a list.
struct KeyValueArguments {
    let input: Input
    private var result = JSONObject()
    private var isInputTaken = false

    /// Returns the body that the arguments describe.
    ///
    /// - Throws: A failure that names the position of a malformed argument, but not its text, which may be a secret.
    static func parse(_ arguments: [String], input: Input) throws(CommandFailure) -> JSONObject {
        var parser = KeyValueArguments(input: input)
        for (index, argument) in arguments.enumerated() { try parser.add(argument, position: index + 1) }
        return parser.result
    }

    private init(input: Input) { self.input = input }

    private mutating func add(_ argument: String, position: Int) throws(CommandFailure) {
        if argument == "-" { return try merge(takeInput(), from: "the standard input") }
        if let path = argument.rest(after: "@") { return try merge(input.file(path), from: path) }
        guard let (key, text) = argument.cut(at: "="), !key.isEmpty else {
            // The argument may be a secret, so the message does not contain it.
            throw .local(
                "Failed to parse K=V data: argument \(position) must have the form key=value "
                    + "(or @file.json for a JSON object, or - to read one from the standard input)")
        }
        let value = try value(text, of: key)
        switch result[key] {
        case nil: result[key] = value
        case .array(let values)?: result[key] = .array(values + [value])
        case let first?: result[key] = .array([first, value])
        }
    }

    private mutating func value(_ text: String, of key: String) throws(CommandFailure) -> JSON {
        if text == "-" { return .string(try Input.text(takeInput(), named: "the standard input, for \(key),")) }
        if let path = text.rest(after: "@") { return .string(try Input.text(input.file(path), named: path)) }
        return .string(text.rest(after: "\\@").map { "@" + $0 } ?? text)
    }

    private mutating func merge(_ bytes: [UInt8], from source: String) throws(CommandFailure) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw .local("Failed to parse K=V data: \(source) is not valid JSON: \(error)")
        }
        guard let object = json.objectValue else { throw .local("Failed to parse K=V data: \(source) must contain a JSON object") }
        for member in object { result[member.key] = member.value }
    }

    private mutating func takeInput() throws(CommandFailure) -> [UInt8] {
        guard !isInputTaken else { throw .local("Failed to parse K=V data: only one argument can read the standard input") }
        isInputTaken = true
        return try input.standardInput()
    }
}

extension KeyValueArguments {
    /// Returns the values of a flag such as `-custom-metadata owner=team`, without reading files or the standard input.
    static func settings(_ arguments: [String], flag: String) throws(CommandFailure) -> JSONObject {
        var result = JSONObject()
        for argument in arguments {
            guard let (key, value) = argument.cut(at: "="), !key.isEmpty else {
                throw .local("-\(flag) must have the form key=value")
            }
            result[key] = .string(value)
        }
        return result
    }
}
