import EngineKit
import Syntax

/// A secret that every new project is made with, drawn at random.
package struct ProjectSecret: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A Fernet key: 32 bytes in base64 with `-` and `_`, padded.
        case fernet
        case hex
        case base64
        case uuid
    }

    package let name: String
    package let kind: Kind

    /// nil when the name is not a segment of letters, digits, `_`, `-` and `.`, or the kind is not known.
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
