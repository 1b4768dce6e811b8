import EngineKit

/// The largest size of a secret: that of a request's body, so that what was read can be written back.
enum SecretSize {
    static let bytesMax = 32 << 20

    /// Throws a 413 if the JSON text of a secret is too large. A patch can make it so, and so can control characters, whose
    /// escapes may be longer than what was sent.
    static func check(_ text: [UInt8]) throws(CofferError) {
        guard text.count > bytesMax else { return }
        throw CofferError(
            .tooLarge,
            "the secret has \(text.count) bytes as JSON, and at most \(bytesMax) (32 MiB) are kept; split it into several")
    }
}
