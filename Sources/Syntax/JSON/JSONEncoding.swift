extension JSON {
    /// Returns the value as compact UTF-8 text.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        encode(into: &output)
        return output
    }

    /// Appends the value as compact UTF-8 text.
    public func encode(into output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: value ? "true".utf8 : "false".utf8)
        case .number(let text): output.append(contentsOf: text.utf8)
        case .string(let text): JSON.encode(text, into: &output)
        case .raw(let bytes): output.append(contentsOf: bytes)
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                value.encode(into: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object): object.encode(into: &output)
        }
    }

    /// Appends a quoted string. Only the characters that RFC 8259 requires are escaped.
    public static func encode(_ text: String, into output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x22 || bytes[index] == 0x5C {
                output.append(contentsOf: bytes[start..<index])
                appendEscape(bytes[index], to: &output)
                start = index + 1
            }
            output.append(contentsOf: bytes[start...])
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: output.append(byte)
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x09: output.append(UInt8(ascii: "t"))
        default:
            output.append(contentsOf: "u00".utf8)
            output.append(Hex.digit(byte >> 4))
            output.append(Hex.digit(byte & 15))
        }
    }

    /// Returns the value as indented text for people.
    public func pretty(indent: String = "  ") -> String {
        var output = ""
        writePretty(to: &output, indent: indent, depth: 0)
        return output
    }

    private func writePretty(to output: inout String, indent: String, depth: Int) {
        let inner = String(repeating: indent, count: depth + 1)
        let outer = String(repeating: indent, count: depth)
        switch self {
        case .array(let values) where !values.isEmpty:
            output += "[\n"
            for (index, value) in values.enumerated() {
                output += inner
                value.writePretty(to: &output, indent: indent, depth: depth + 1)
                output += index < values.count - 1 ? ",\n" : "\n"
            }
            output += outer + "]"
        case .object(let object) where !object.isEmpty:
            output += "{\n"
            for (index, member) in object.members.enumerated() {
                output += inner + String(decoding: JSON.string(member.key).encoded(), as: UTF8.self) + ": "
                member.value.writePretty(to: &output, indent: indent, depth: depth + 1)
                output += index < object.count - 1 ? ",\n" : "\n"
            }
            output += outer + "}"
        case .raw:
            if let value = try? parsed() { value.writePretty(to: &output, indent: indent, depth: depth) }
        default:
            output += String(decoding: encoded(), as: UTF8.self)
        }
    }
}

extension JSONObject {
    /// Appends the object as compact UTF-8 text.
    public func encode(into output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSON.encode(member.key, into: &output)
            output.append(UInt8(ascii: ":"))
            member.value.encode(into: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Returns the object as compact UTF-8 text.
    public func encoded() -> [UInt8] { JSON.object(self).encoded() }
}
