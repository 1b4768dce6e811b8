import DatabaseClients

/// Inserts values into a script so that none of them can end what encloses it.
struct SQLSubstitution: Sendable {
    private let values: [String: String]

    init(name: String, password: String? = nil, expiration: String? = nil) {
        var values = ["name": name, "username": name]
        values["password"] = password
        values["expiration"] = expiration
        self.values = values
    }

    func apply(to statement: [SQLScript.Piece]) throws(DatabaseError) -> String {
        var output: [UInt8] = []
        for piece in statement {
            switch piece {
            case .text(let text): output += text
            case .placeholder(let name, let context):
                // A placeholder without a value stays as it is, as in Vault.
                guard let value = values[name] else {
                    output += Array("{{\(name)}}".utf8)
                    continue
                }
                output += try Self.quoted(Array(value.utf8), in: context, name)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func quoted(_ value: [UInt8], in context: SQLScript.Context, _ name: String) throws(DatabaseError) -> [UInt8] {
        // Every session of Coffer has standard_conforming_strings, so a backslash is an ordinary character in `'…'`.
        guard !value.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw .invalid("a value has a control character") }
        let (quote, doubleQuote, backslash) = (UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"))
        switch context {
        case .string: return doubling([quote], in: value)
        case .escapeString: return doubling([quote, backslash], in: value)
        case .identifier: return doubling([doubleQuote], in: value)
        case .dollar(let mark):
            // The content of a dollar quote is code, and how it quotes the value is not known.
            let isSafe =
                !value.contains { [quote, doubleQuote, backslash, UInt8(ascii: ";")].contains($0) }
                && value.first != UInt8(ascii: "$") && value.last != UInt8(ascii: "$") && !contains(mark, in: value)
            guard isSafe else {
                throw .invalid("{{\(name)}} is within a dollar quote, and its value has characters that are not safe there")
            }
            return value
        case .comment: return Array("***".utf8)
        case .bare:
            guard SafeName.isPlain(String(decoding: value, as: UTF8.self)) else {
                throw .invalid("{{\(name)}} has no quotes around it: write \"{{name}}\" for names, '{{\(name)}}' for text")
            }
            return value
        }
    }

    private static func doubling(_ marks: [UInt8], in value: [UInt8]) -> [UInt8] {
        value.flatMap { marks.contains($0) ? [$0, $0] : [$0] }
    }

    private static func contains(_ mark: [UInt8], in value: [UInt8]) -> Bool {
        value.indices.contains { value[$0...].starts(with: mark) }
    }
}
