import EngineKit
import Syntax

/// A secret that every new project gets, with a random value.
package struct ProjectSecret: Sendable, Hashable {
    /// How the value is made.
    package enum Kind: String, Sendable, CaseIterable {
        /// A Fernet key: 32 bytes in padded base64 with `-` and `_`.
        case fernet
        case hex
        case base64
        case uuid
    }

    /// The name of the secret, which is its path in the project.
    package let name: String
    /// How the value is made.
    package let kind: Kind

    /// Returns nil if the name is not a path segment of letters, digits, `_`, `-` and `.`, or if the kind is unknown.
    package init?(name: String, kind: String) {
        guard let kind = Kind(rawValue: kind), ServiceExchange.isPlainName(name), name != "versions" else { return nil }
        self.name = name
        self.kind = kind
    }

    func value(_ randomness: any Randomness) -> String {
        switch kind {
        case .fernet: Base64.encode(randomness.bytes(32), as: .url) + "="
        case .hex: Hex.encode(randomness.bytes(32))
        case .base64: Base64.encode(randomness.bytes(32))
        case .uuid: randomness.uuid()
        }
    }
}
