import Syntax

/// A service as it was configured, without its token.
package struct ServiceDefinition: Sendable, Hashable {
    package var name: String
    package var isEnabled: Bool
    package var rules: [ServiceRule]

    package init(name: String, isEnabled: Bool = true, rules: [ServiceRule] = []) {
        self.name = name
        self.isEnabled = isEnabled
        self.rules = rules
    }

    /// The policy that its rules become. Policy names have no upper case.
    package var policyName: String { "service-" + name.lowercased() }

    package static let nameBytesMax = 64

    /// Letters, digits, `_`, `-` and `.`, beginning with a letter or digit.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= nameBytesMax, first.isASCIILetterOrDigit, !text.containsUTF8("..")
        else {
            return false
        }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-.".utf8.contains($0) }
    }

    /// What the server writes under itself, such as the secrets of a new project. A service of that name would be taken for it.
    package static func isReserved(_ name: String) -> Bool {
        name.utf8.count == systemName.utf8.count
            && zip(name.utf8, systemName.utf8).allSatisfy { byte, other in byte.asciiLowercased == other }
    }

    static let reservedRule = "a service may not be named system, in any letter case: the server itself writes under that name"

    package static let systemName = "system"
}
