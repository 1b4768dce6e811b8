/// Why a configured key is not used.
package enum KeyRefusal: String, Error, Sendable, Hashable, CustomStringConvertible {
    case missing = "it is not set"
    case unreadable = "the file cannot be read"
    case ambiguous = "both the variable and its _FILE form are set"
    case malformed = "it is neither 32 raw bytes nor their hex or base64"
    case short = "it is shorter than 32 bytes"
    case long = "it is longer than 32 bytes"
    case weak = "it repeats or counts; make one with: openssl rand -base64 32"
    case published = "it is a published example; make one with: openssl rand -base64 32"
    case malformedSalt = "the IV is not 12 to 64 bytes in hex or base64"
    case invalidName = "its key id is not 1 to 128 letters, digits, dots, dashes, colons or underscores"

    package var description: String { rawValue }
}
