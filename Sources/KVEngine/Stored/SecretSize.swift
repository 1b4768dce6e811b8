import EngineKit

/// How large a secret may be: as large as a request's body, so that whatever was written can be sent back.
enum SecretSize {
    static let bytesMax = 32 << 20

    /// Throws a 413 for the JSON text of a secret that is too large to be kept. A patch may make one so, and so may control
    /// characters, whose escapes can be longer than what was sent.
    static func check(_ text: [UInt8]) throws(CofferError) {
        guard text.count > bytesMax else { return }
        throw CofferError(
            .tooLarge,
            "the secret has \(text.count) bytes as JSON, and at most \(bytesMax) (32 MiB) are kept; split it into several")
    }
}
