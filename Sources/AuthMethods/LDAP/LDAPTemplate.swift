import Directories
import Syntax

/// A search filter with places for values, such as `({{.UserAttr}}={{.Username}})`.
///
/// Vault's filters are templates of Go. Here exactly these variables are understood, without spaces, functions or conditions.
struct LDAPTemplate: Sendable, Hashable {
    /// What a place stands for.
    enum Variable: String, Sendable, CaseIterable {
        case userAttribute = "UserAttr"
        case username = "Username"
        case userName = "UserDN"
    }

    private enum Part: Sendable, Hashable {
        case text(String)
        case variable(Variable)
    }

    private let parts: [Part]

    private static let bytesMax = 4_096

    /// The variables that the filter has.
    let variables: Set<Variable>

    /// Parses a filter. Returns nil for another variable, or if the parentheses do not enclose it.
    init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else { return nil }
        var parts: [Part] = []
        var rest = text[...]
        while let start = rest.rangeOfUTF8("{{") {
            if start.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<start.lowerBound]))) }
            let behind = rest[start.upperBound...]
            guard let end = behind.rangeOfUTF8("}}"), let name = behind[..<end.lowerBound].removingUTF8Prefix("."),
                let variable = Variable(rawValue: String(name))
            else { return nil }
            parts.append(.variable(variable))
            rest = behind[end.upperBound...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
        variables = Set(parts.compactMap { if case .variable(let variable) = $0 { variable } else { nil } })
        guard Self.isEnclosed(filter { _ in "x" }) else { return nil }
    }

    /// Returns the filter with these values, which are escaped (RFC 4515).
    func filter(_ value: (Variable) -> String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .variable(let variable): DirectoryText.filterValue(value(variable))
            }
        }.joined()
    }

    /// Whether one pair of parentheses encloses everything.
    private static func isEnclosed(_ filter: String) -> Bool {
        var depth = 0
        var closings = 0
        for byte in filter.utf8 {
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { closings += 1 }
            if depth < 0 { return false }
        }
        return depth == 0 && closings == 1 && filter.hasUTF8Prefix("(")
    }
}
