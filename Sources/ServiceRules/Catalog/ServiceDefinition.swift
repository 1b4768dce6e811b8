import Syntax

/// A configured service, without its token.
package struct ServiceDefinition: Sendable, Hashable {
    /// The name of the service.
    package var name: String
    /// Whether the service may authenticate.
    package var isEnabled: Bool
    /// The rules in the order of the configuration.
    package var rules: [ServiceRule]

    /// Creates a service.
    package init(name: String, isEnabled: Bool = true, rules: [ServiceRule] = []) {
        self.name = name
        self.isEnabled = isEnabled
        self.rules = rules
    }

    /// The name of the policy that the rules are compiled to. Names of policies are in lower case.
    package var policyName: String { "service-" + name.lowercased() }

    /// The largest length of a name, in bytes.
    package static let nameBytesMax = 64

    /// Whether a text is a name: letters, digits, `_`, `-` and `.`, beginning with a letter or digit.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= nameBytesMax, first.isASCIILetterOrDigit, !text.containsUTF8("..")
        else {
            return false
        }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-.".utf8.contains($0) }
    }

    /// Whether a name is the server's own, under which it writes the secrets of new projects. A service of that name would
    /// be mistaken for the server.
    package static func isReserved(_ name: String) -> Bool {
        name.utf8.count == systemName.utf8.count
            && zip(name.utf8, systemName.utf8).allSatisfy { byte, other in byte.asciiLowercased == other }
    }

    static let reservedRule =
        "a service must not be named system, in any letter case, because the server writes under that name; choose another name"

    /// The name under which the server writes.
    package static let systemName = "system"
}
