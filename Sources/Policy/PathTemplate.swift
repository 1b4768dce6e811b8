import Syntax

/// The path of a rule, with expressions such as `{{identity.entity.id}}` that are replaced by facts about the caller.
package struct PathTemplate: Sendable, Hashable {
    /// A piece of the text.
    enum Part: Sendable, Hashable {
        case literal(String)
        case expression(String)
    }

    let parts: [Part]

    /// The path if there are no expressions, or nil.
    package let plain: RulePath?

    /// Whether there are expressions.
    package var isTemplated: Bool { plain == nil }

    /// The expressions, such as `identity.entity.name`.
    package var expressions: [String] { parts.compactMap { if case .expression(let text) = $0 { text } else { nil } } }

    /// Reads the path of a rule. With `partialSegments`, a `+` at the end of a segment is a wildcard too; such a path
    /// cannot have expressions.
    package init(_ source: String, partialSegments: Bool = false) throws(RulePath.Refusal) {
        guard source.utf8.count <= RulePath.bytesMax else { throw .tooLong }
        guard source.containsUTF8("{{") || source.containsUTF8("}}") else {
            parts = [.literal(source)]
            plain = try RulePath(source, partialSegments: partialSegments)
            return
        }
        guard !partialSegments else { throw .badTemplate }
        parts = try Self.split(source)
        plain = nil
        _ = try RulePath(Self.text(parts) { _ in "x" })
    }

    /// Creates a template without expressions.
    init(_ path: RulePath) {
        parts = [.literal(path.description)]
        plain = path
    }

    /// Splits the text into literals and expressions. Throws ``RulePath/Refusal/badTemplate`` for unbalanced braces or
    /// an unknown expression.
    private static func split(_ source: String) throws(RulePath.Refusal) -> [Part] {
        var parts: [Part] = []
        var rest = source[...]
        while let open = rest.rangeOfUTF8("{{") {
            let before = rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard !before.containsUTF8("}}"), let close = rest.rangeOfUTF8("}}") else { throw .badTemplate }
            let expression = String(rest[..<close.lowerBound].trimmingUTF8(" "))
            guard isKnown(expression) else { throw .badTemplate }
            if !before.isEmpty { parts.append(.literal(String(before))) }
            parts.append(.expression(expression))
            rest = rest[close.upperBound...]
        }
        guard !rest.containsUTF8("}}") else { throw .badTemplate }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        return parts
    }

    /// Returns the text with `value` called for each expression.
    static func text(_ parts: [Part], _ value: (String) -> String) -> String {
        parts.map { part in
            switch part {
            case .literal(let text): text
            case .expression(let expression): value(expression)
            }
        }.joined()
    }

    /// Whether an expression is one of those that Vault's policy templates have.
    private static func isKnown(_ expression: String) -> Bool {
        guard !expression.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else { return false }
        let words = expression.splitUTF8(at: ".", omittingEmpty: false)
        guard words.count >= 3, words[0] == "identity", !words.contains("") else { return false }
        switch (words[1], words[2]) {
        case ("entity", "id"), ("entity", "name"): return words.count == 3
        case ("entity", "metadata"): return words.count >= 4
        case ("entity", "aliases"):
            return words.count >= 5 && isFact(words[4...], named: ["id", "name"], ["metadata", "custom_metadata"])
        // The name of a group may contain dots, so only the last words can be checked.
        case ("groups", "ids"), ("groups", "names"):
            return words.count >= 5 && (words.last == "id" || words.last == "name" || words.dropFirst(4).contains("metadata"))
        default: return false
        }
    }

    /// Whether the words after an alias name a fact about it, or a key in one of its maps.
    private static func isFact(_ words: ArraySlice<Substring>, named: [Substring], _ maps: [Substring]) -> Bool {
        guard let first = words.first else { return false }
        return words.count == 1 ? named.contains(first) : maps.contains(first)
    }
}
