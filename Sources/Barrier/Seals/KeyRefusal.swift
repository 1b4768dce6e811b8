/// Why a configured key is refused. The raw value completes the sentence "the key from … is refused:".
package enum KeyRefusal: String, Error, Sendable, Hashable, CustomStringConvertible {
    case missing = "it is not set"
    case unreadable = "its file cannot be read; give an absolute path that the server's user may read"
    case ambiguous = "both the variable and its _FILE form are set; unset one of them"
    case malformed = "it is not a 256-bit key; give 32 bytes, raw or in hex or base64"
    case short = "it is shorter than 32 bytes; give 32 bytes, raw or in hex or base64"
    case long = "it is longer than 32 bytes; give 32 bytes, raw or in hex or base64"
    case weak = "its bytes repeat or count up, so it is not random; make a key with: openssl rand -base64 32"
    case published = "it is a published example or a placeholder; make a key with: openssl rand -base64 32"
    case malformedSalt = "the IV is not 12 to 64 bytes in hex or base64"
    case invalidName = "its key id is not 1 to 128 letters, digits, dots, dashes, colons or underscores"

    /// The reason.
    package var description: String { rawValue }
}
