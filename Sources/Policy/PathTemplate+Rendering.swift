import Syntax

extension PathTemplate {
    /// The path of a template for one caller.
    enum Rendering: Equatable {
        /// The path with its values filled in.
        case path(RulePath)
        /// The caller lacks a value. `covering` matches the path with any value.
        case missing(covering: RulePath)
        /// A value would change the meaning of the path. `covering` matches the path with any value.
        case unsafe(covering: RulePath)
    }

    /// Fills in the values. A value stays within the segment that its expression is in.
    func rendered(with value: (String) -> String?) -> Rendering {
        if let plain { return .path(plain) }
        var values: [String: String] = [:]
        var (isMissing, isUnsafe) = (false, false)
        for expression in expressions {
            guard let text = value(expression), !text.isEmpty else {
                isMissing = true
                continue
            }
            values[expression] = text
            if !Self.isSafe(text) { isUnsafe = true }
        }
        if isUnsafe { return .unsafe(covering: covering) }
        if isMissing { return .missing(covering: covering) }
        guard let path = try? RulePath(Self.text(parts) { values[$0] ?? "" }) else { return .unsafe(covering: covering) }
        return .path(path)
    }

    /// Whether a value can be part of a segment without changing the meaning of the path.
    private static func isSafe(_ value: String) -> Bool {
        guard value.utf8.count <= 512, !value.containsUTF8("..") else { return false }
        return value.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "/", "\\", "+", "*", ",", "%", "{", "}": return false
            default:
                let category = scalar.properties.generalCategory
                return category != .control && category != .format && category != .unassigned
                    && category != .lineSeparator && category != .paragraphSeparator
            }
        }
    }

    /// The narrowest path without templates that matches this template with any values: each segment with an expression
    /// becomes `+`.
    private var covering: RulePath {
        // U+FFFF is a noncharacter, which no policy contains.
        let marked = Self.text(parts) { _ in "\u{FFFF}" }
        var body = marked.removingUTF8Prefix("/") ?? marked[...]
        var isGlob = body.hasUTF8Suffix("*")
        if isGlob { body = body.dropLastUTF8() }
        var segments = body.splitUTF8(at: "/", omittingEmpty: false).map { segment in
            segment.containsUTF8("\u{FFFF}") ? "+" : String(segment)
        }
        // `+*` would not be a wildcard, so the path covers everything below the last folder.
        if isGlob, body.splitUTF8(at: "/", omittingEmpty: false).last?.containsUTF8("\u{FFFF}") == true {
            segments[segments.count - 1] = ""
            isGlob = true
        }
        return RulePath(text: segments.joined(separator: "/"), isGlob: isGlob)
    }
}
