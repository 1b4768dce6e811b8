internal import Syntax

/// `key=value` arguments as the body of a request.
///
/// `key=@file` is a file's text, `key=-` the standard input, `key=\@text` a text that begins with `@`, `@file` a file with a
/// JSON object, `-` such an object on the standard input. A key that comes again makes a list.
struct KeyValueArguments {
    let input: Input
    private var result = JSONObject()
    private var isInputTaken = false

    static func parse(_ arguments: [String], input: Input) throws(CommandFailure) -> JSONObject {
        var parser = KeyValueArguments(input: input)
        for (index, argument) in arguments.enumerated() { try parser.add(argument, position: index + 1) }
        return parser.result
    }

    private init(input: Input) { self.input = input }

    private mutating func add(_ argument: String, position: Int) throws(CommandFailure) {
        if argument == "-" { return try merge(takeInput(), from: "the standard input") }
        if let path = argument.rest(behind: "@") { return try merge(input.file(path), from: path) }
        guard let (key, text) = argument.cut(at: "="), !key.isEmpty else {
            // The argument itself may be a secret, so it is not repeated.
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
        if let path = text.rest(behind: "@") { return .string(try Input.text(input.file(path), named: path)) }
        return .string(text.rest(behind: "\\@").map { "@" + $0 } ?? text)
    }

    private mutating func merge(_ bytes: [UInt8], from source: String) throws(CommandFailure) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw .local("Failed to parse K=V data: \(source) is not valid JSON: \(error)")
        }
        guard let object = json.objectValue else { throw .local("Failed to parse K=V data: \(source) must hold a JSON object") }
        for member in object { result[member.key] = member.value }
    }

    private mutating func takeInput() throws(CommandFailure) -> [UInt8] {
        guard !isInputTaken else { throw .local("Failed to parse K=V data: the standard input can be used only once") }
        isInputTaken = true
        return try input.standardInput()
    }
}

extension KeyValueArguments {
    /// `name=value` settings that are taken as they stand, such as `-custom-metadata owner=team`.
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
