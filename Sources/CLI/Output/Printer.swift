internal import CofferClient
internal import Syntax

/// Writes results to the console in the chosen format.
struct Printer {
    let format: OutputFormat
    let console: Console

    var isTable: Bool { format == .table }

    /// Prints a value as JSON or YAML.
    func value(_ json: JSON) throws {
        switch format {
        case .yaml: console.output(try YAMLText.text(json))
        case .json, .table, .raw: console.output(json.pretty())
        }
    }

    /// Prints a message about a success for which the server returned no data. `more` is added to JSON and YAML.
    func success(_ text: String, _ more: JSONObject = JSONObject()) throws {
        switch format {
        case .table: console.output(text)
        case .json, .yaml:
            var object: JSONObject = ["message": .string(text)]
            for member in more { object[member.key] = member.value }
            try value(.object(object))
        case .raw: break
        }
    }

    /// Prints an answer, or nothing if it is empty.
    func secret(_ secret: Secret) throws {
        guard isTable else { return try value(Self.ordered(secret.envelope)) }
        warnings(secret.warnings)
        let rows = SecretRows.rows(of: secret)
        if !rows.isEmpty { console.output(Table(header: ["Key", "Value"], rows: rows).text) }
    }

    /// Prints an answer to a write, or a message if it is empty.
    func written(_ secret: Secret?, to path: String) throws {
        if let secret { try self.secret(secret) } else { try success("Success! Data written to: \(path)") }
    }

    /// Prints an answer to a deletion. For people, a message comes first.
    func deleted(_ secret: Secret?, at path: String) throws {
        if secret == nil || isTable { try success("Success! Data deleted (if it existed) at: \(path)") }
        if let secret { try self.secret(secret) }
    }

    /// Prints a text for people, or an object with the text as its only member for programs.
    ///
    /// - Parameter isPlainWhenRaw: Whether `-format=raw` prints the text too.
    func text(_ text: String, as name: String, isPlainWhenRaw: Bool = false) throws {
        if isTable || isPlainWhenRaw && format == .raw { return console.output(text) }
        try value([name: .string(text)])
    }

    /// Prints the members of an object as keys and values.
    func object(_ object: JSONObject) throws {
        guard isTable else { return try value(Self.sorted(.object(object))) }
        console.output(Table(header: ["Key", "Value"], rows: SecretRows.rows(of: object)).text)
    }

    /// Prints rows as a table, or `json` as JSON or YAML.
    func rows(_ rows: [[String]], header: [String] = ["Key", "Value"], json: JSON) throws {
        guard isTable else { return try value(json) }
        console.output(Table(header: header, rows: rows).text)
    }

    /// Prints a list of names.
    func list(_ keys: [String]) throws {
        guard isTable else { return try value(.strings(keys)) }
        console.output(Table(header: ["Keys"], rows: keys.map { [$0] }).text)
    }

    /// Prints an object below a title, `== Title ==`.
    func section(_ title: String, _ object: JSONObject) throws {
        // The width of the longest key, the gap and the word "Value".
        let width = (object.keys.map(\.count).max() ?? 0) + 4 + 5
        console.output(Table.title(title, width: width))
        try self.object(object)
    }

    /// Prints a path below a title, `== Title ==`, and an empty line.
    func path(_ path: String, title: String) {
        console.output(Table.title(title, width: path.count) + "\n" + path + "\n")
        console.outputExactly("\n")
    }

    /// Prints the server's warnings to the standard error.
    func warnings(_ warnings: [String]) {
        guard !warnings.isEmpty else { return }
        console.error("WARNING! The server returned the following warnings:\n\n")
        for warning in warnings { console.error("  * \(warning)\n\n") }
    }

    /// Prints one field of an answer, or all of it if `field` is nil or empty.
    func secret(_ secret: Secret, field: String?) throws {
        if let field = field.unlessEmpty { try self.field(field, of: secret) } else { try self.secret(secret) }
    }

    /// Prints the value of one field: with a line end on a terminal, and without one to a pipe or file.
    func field(_ name: String, of secret: Secret) throws {
        guard let found = SecretRows.field(name, of: secret) else {
            // They may say why it is not there.
            warnings(secret.warnings)
            guard SecondFactor.Requirement(secret) == nil else {
                throw CommandFailure.server(
                    "The login needs a second factor, so it has no field \(name) yet. Send a code with it, as -mfa=METHOD:CODE, or use "
                        + "`coffer login`, which asks for one.")
            }
            throw CommandFailure.local("Field \(name) not present in secret")
        }
        try field(found)
    }

    /// Prints the value of one member: with a line end on a terminal, and without one to a pipe or file.
    func field(_ name: String, in object: JSONObject) throws {
        guard let found = object[name] else { throw CommandFailure.local("Field \(name) not present in secret") }
        try field(found)
    }

    private func field(_ found: JSON) throws {
        guard isTable || format == .raw else { return try value(Self.sorted(found)) }
        let text = ValueText.cell(found)
        if console.isTerminal { console.output(text) } else { console.outputExactly(text) }
    }
}

extension Printer {
    /// Returns an answer with its members in the order of Vault's client.
    static func ordered(_ envelope: JSONObject) -> JSON {
        let names = [
            "request_id", "lease_id", "lease_duration", "renewable", "data", "warnings", "wrap_info", "auth", "mount_type",
        ]
        guard envelope["request_id"] != nil else { return .object(envelope) }
        var result = JSONObject()
        for name in names {
            guard let value = envelope[name], !(value.isNull && ["wrap_info", "auth"].contains(name)) else { continue }
            result[name] = ["data", "auth"].contains(name) ? sorted(value) : value
        }
        for member in envelope where !names.contains(member.key) { result[member.key] = member.value }
        return .object(result)
    }

    /// Returns a value whose objects have sorted keys at all depths, so that two outputs can be compared.
    static func sorted(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            .object(JSONObject(object.members.map { .init(key: $0.key, value: sorted($0.value)) }).sorted())
        case .array(let values): .array(values.map(sorted))
        default: json
        }
    }
}
