internal import Syntax

/// Checks and conversions of single arguments.
enum ArgumentText {
    /// Returns a path or name without leading, trailing and doubled slashes, as the server has it. Spaces are kept, because
    /// `secret/x ` and `secret/x` are different secrets.
    static func path(_ text: String) -> String { text.parts(at: "/").joined(separator: "/") }

    /// Returns a token, key or share without the white space around it, such as the line end of a file.
    static func trimmed(_ text: String) -> String {
        var rest = text.unicodeScalars[...]
        while let first = rest.first, first.properties.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.properties.isWhitespace { rest = rest.dropLast() }
        return String(Substring(rest))
    }

    /// Returns a path without leading and trailing slashes. Refuses an empty path.
    static func requiredPath(_ text: String) throws(CommandFailure) -> String {
        let path = path(text)
        guard !path.isEmpty else { throw .local("The path is empty") }
        return path
    }

    /// Returns the path of a mount with a slash at the end.
    static func mount(_ path: String) -> String { path.ends(with: "/") ? path : path + "/" }

    /// Returns the value of a duration flag for the API, or nil if it is missing or empty.
    ///
    /// `-1` resets a setting to its default, and `system` to the server's. Any other text must be a duration.
    static func duration(_ text: String?, flag: String) throws(CommandFailure) -> JSON? {
        guard let text, !text.isEmpty else { return nil }
        if text == "-1" || text == "system" { return .string(text) }
        guard DurationText.seconds(text) != nil else { throw .local("-\(flag) must be a duration such as 90, 30m, 24h or 7d") }
        return .string(text)
    }

    /// Returns the version numbers of one or more flags, each with a list such as `1,2,3`.
    static func versions(_ texts: [String]) throws(CommandFailure) -> [Int] {
        var result: [Int] = []
        for text in texts.flatMap({ $0.parts(at: ",") }) {
            guard let number = Int(trimmed(text)), number > 0 else {
                throw .local("-versions must be a list of version numbers, such as 1,3")
            }
            result.append(number)
        }
        return result
    }

    /// Returns the names of one or more flags, each with a list separated by commas. A single empty flag is an empty list.
    static func list(_ texts: [String]) -> JSON { .strings(texts.flatMap { $0.parts(at: ",").map(trimmed) }) }
}
