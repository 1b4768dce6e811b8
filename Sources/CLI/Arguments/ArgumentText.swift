internal import Syntax

/// Readings of single arguments.
enum ArgumentText {
    /// A path or name without the slashes around it, and with one slash where there are several: the server has no other, and
    /// what is shown is what was asked for. Nothing else is cut off: `secret/x ` is another secret than `secret/x`.
    static func path(_ text: String) -> String { text.parts(at: "/").joined(separator: "/") }

    /// A token, key or share without the white space around it, which none of them can have and files end in.
    static func trimmed(_ text: String) -> String {
        var rest = text.unicodeScalars[...]
        while let first = rest.first, first.properties.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.properties.isWhitespace { rest = rest.dropLast() }
        return String(Substring(rest))
    }

    /// A path that must name something.
    static func requiredPath(_ text: String) throws(CommandFailure) -> String {
        let path = path(text)
        guard !path.isEmpty else { throw .local("The path may not be empty") }
        return path
    }

    /// `path/`, the way mounts are shown.
    static func mount(_ path: String) -> String { path.isEnding(in: "/") ? path : path + "/" }

    /// A duration as the API takes it, checked here so that a slip costs no request. `-1` resets a setting to its default, `system`
    /// to the server's; an empty one says nothing.
    static func duration(_ text: String?, flag: String) throws(CommandFailure) -> JSON? {
        guard let text, !text.isEmpty else { return nil }
        if text == "-1" || text == "system" { return .string(text) }
        guard DurationText.seconds(text) != nil else { throw .local("-\(flag) must be a duration such as 90, 30m, 24h or 7d") }
        return .string(text)
    }

    /// `1,2,3` in one flag or several.
    static func versions(_ texts: [String]) throws(CommandFailure) -> [Int] {
        var result: [Int] = []
        for text in texts.flatMap({ $0.parts(at: ",") }) {
            guard let number = Int(trimmed(text)), number > 0 else {
                throw .local("-versions must be a list of version numbers such as 1,3")
            }
            result.append(number)
        }
        return result
    }

    /// Names separated by commas, in one flag or several. An empty flag alone is the empty list.
    static func list(_ texts: [String]) -> JSON { .strings(texts.flatMap { $0.parts(at: ",").map(trimmed) }) }
}
