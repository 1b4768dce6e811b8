import Syntax

/// Compares values of parameters with the values that a rule lists.
enum ParameterValue {
    /// Whether a value is in `list`. Strings are matched as globs, other values must be equal.
    ///
    /// - Parameter reading: The value as the handler reads it, if that differs. A string that the handler splits into a
    /// list matches as a whole only if the rule contains it verbatim, because a glob would allow anything after the
    /// first comma.
    static func isListed(_ value: JSON, reading: JSON? = nil, in list: [JSON]) -> Bool {
        if list.isEmpty { return true }
        guard case .string(let text) = value, case .array(let elements)? = reading else {
            return list.contains { isSame(value, as: $0) }
        }
        let isWritten = list.contains { pattern in
            if case .string(let listed) = pattern { text.utf8.elementsEqual(listed.utf8) } else { false }
        }
        return isWritten || elements.allSatisfy { element in list.contains { isSame(element, as: $0) } }
    }

    /// Whether a value is in `list`, however it is written: `5` also matches `"5"` and `5.0`, `"1h"` matches `3600`,
    /// and `"Admin"` matches `"admin"`. A list matches if any of its elements does, with or without brackets, and an
    /// object if it has the members of a listed one.
    static func isRefused(_ value: JSON, reading: JSON? = nil, by list: [JSON]) -> Bool {
        if list.isEmpty { return true }
        guard let value = try? value.parsed() else { return true }
        if isRefusedAsWritten(value, by: list) { return true }
        return reading.map { isRefusedAsWritten($0, by: list) } ?? false
    }

    /// Whether a value, one of its elements or one of its comma-separated parts is in `list`.
    private static func isRefusedAsWritten(_ value: JSON, by list: [JSON]) -> Bool {
        if list.contains(where: { isLooselyEqual(value, $0) }) { return true }
        switch value {
        case .array(let elements): return elements.contains { isRefused($0, by: list) }
        case .string(let text) where text.utf8.contains(comma):
            return text.utf8.split(separator: comma).contains { part in
                let element = JSON.string(String(Substring(trimmed(part))))
                return list.contains { isLooselyEqual(element, $0) }
            }
        default: return false
        }
    }

    private static let comma = UInt8(ascii: ",")

    /// Returns the text without spaces at its ends.
    private static func trimmed(_ text: Substring.UTF8View.SubSequence) -> Substring.UTF8View.SubSequence {
        var text = text
        while text.first == 0x20 { text = text.dropFirst() }
        while text.last == 0x20 { text = text.dropLast() }
        return text
    }

    /// Whether a value matches a listed one exactly, or as a glob.
    private static func isSame(_ value: JSON, as pattern: JSON) -> Bool {
        if case .string(let text) = value, case .string(let glob) = pattern {
            return matches(Array(text.utf8), glob: Array(glob.utf8))
        }
        return value == pattern
    }

    /// Whether a value matches a listed one in any way that it can be written.
    private static func isLooselyEqual(_ value: JSON, _ pattern: JSON) -> Bool {
        if value == pattern { return true }
        if case .object(let members) = value, case .object(let refused) = pattern, !refused.isEmpty {
            return refused.allSatisfy { member in
                let name = CaseFolding.fold(member.key)
                return members.contains { CaseFolding.fold($0.key) == name && isRefused($0.value, by: [member.value]) }
            }
        }
        guard let text = scalarText(value), let glob = scalarText(pattern) else { return false }
        if let a = Double(text), let b = Double(glob), a == b { return true }
        if let a = DurationText.seconds(text), let b = DurationText.seconds(glob), a == b { return true }
        return matches(CaseFolding.fold(text), glob: CaseFolding.fold(glob))
    }

    /// Returns the text of a string, a number or a boolean, or nil.
    private static func scalarText(_ value: JSON) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let value): String(value)
        default: nil
        }
    }

    /// Whether `text` matches `glob`. A `*` at the start or the end of the glob matches any text; a glob of one `*`
    /// matches only that character.
    static func matches(_ text: [UInt8], glob: [UInt8]) -> Bool {
        let glob = glob[...]
        let star = UInt8(ascii: "*")
        guard glob.count >= 2 else { return text.elementsEqual(glob) }
        switch (glob.first == star, glob.last == star) {
        case (true, true):
            let inner = glob.dropFirst().dropLast()
            guard inner.count <= text.count else { return false }
            return (0...(text.count - inner.count)).contains { text[$0...].starts(with: inner) }
        case (true, false): return text.suffix(glob.count - 1).elementsEqual(glob.dropFirst())
        case (false, true): return text.starts(with: glob.dropLast())
        case (false, false): return text.elementsEqual(glob)
        }
    }
}
