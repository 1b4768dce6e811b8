internal import Syntax
internal import Yams

/// Conversion of JSON to YAML. Numbers keep their digits, and a string that YAML would read as another type is quoted.
enum YAMLText {
    /// Returns a value as YAML.
    static func text(_ json: JSON) throws -> String {
        try Yams.serialize(node: node(json), width: -1, allowUnicode: true)
    }

    private static func node(_ json: JSON) throws -> Node {
        switch json {
        case .null: return scalar("null", .null)
        case .bool(let value): return scalar(value ? "true" : "false", .bool)
        case .number(let text): return scalar(text, .float)
        case .string(let text): return .scalar(Node.Scalar(text, Tag(.str), style(of: text)))
        case .array(let values): return .sequence(Node.Sequence(try values.map(node), Tag(.seq), values.isEmpty ? .flow : .block))
        case .object(let object):
            let pairs = try object.members.map { (try node(.string($0.key)), try node($0.value)) }
            return .mapping(Node.Mapping(pairs, Tag(.map), pairs.isEmpty ? .flow : .block))
        case .raw: return try node(json.parsed())
        }
    }

    private static func scalar(_ text: String, _ tag: Tag.Name) -> Node { .scalar(Node.Scalar(text, Tag(tag), .plain)) }

    private static func style(of text: String) -> Node.Scalar.Style {
        if text.utf8.contains(UInt8(ascii: "\n")) { return .literal }
        guard let first = text.first, first.isLetter || first == "/" || first == "_" else { return .doubleQuoted }
        let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"]
        return words.contains(text.lowercased()) ? .doubleQuoted : .plain
    }
}
