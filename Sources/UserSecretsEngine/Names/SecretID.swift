import EngineKit
import Syntax

/// The id of a secret: a UUID in lower case. It never changes while the secret exists.
struct SecretID: Sendable, Hashable, CustomStringConvertible {
    /// The UUID.
    let text: String

    /// Makes a random id.
    init(randomness: any Randomness) { text = randomness.uuid() }

    /// Reads an id. Returns nil for text that no secret has as its id.
    init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        for (index, byte) in text.utf8.enumerated() {
            let isDash = index == 8 || index == 13 || index == 18 || index == 23
            guard isDash ? byte == UInt8(ascii: "-") : byte.isLowercaseHexDigit else { return nil }
        }
        self.text = text
    }

    /// The UUID.
    var description: String { text }
}
