internal import Syntax

/// Readings of single arguments.
enum ArgumentText {
    /// A path or name without spaces and slashes at its ends.
    static func path(_ text: String) -> String {
        var rest = text[...]
        while let first = rest.first, first == "/" || first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last == "/" || last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }

    /// A path that must name something.
    static func requiredPath(_ text: String) throws(CommandFailure) -> String {
        let path = path(text)
        guard !path.isEmpty else { throw .local("The path may not be empty") }
        return path
    }

    /// `path/`, the way mounts are shown.
    static func mount(_ path: String) -> String { path.hasSuffix("/") ? path : path + "/" }

    /// A duration as the API takes it, checked here so that a slip costs no request. `-1` resets a setting to its default.
    static func duration(_ text: String, flag: String) throws(CommandFailure) -> JSON {
        if text == "-1" { return .string(text) }
        guard DurationText.seconds(text) != nil else { throw .local("-\(flag) must be a duration such as 90, 30m, 24h or 7d") }
        return .string(text)
    }

    /// `1,2,3` in one flag or several.
    static func versions(_ texts: [String]) throws(CommandFailure) -> [Int] {
        var result: [Int] = []
        for text in texts.flatMap({ $0.split(separator: ",") }) {
            guard let number = Int(text.filter { !$0.isWhitespace }), number > 0 else {
                throw .local("-versions must be a list of version numbers such as 1,3")
            }
            result.append(number)
        }
        return result
    }

    static func list(_ texts: [String]) -> JSON {
        .strings(texts.flatMap { $0.split(separator: ",").map { path(String($0)) } })
    }
}
