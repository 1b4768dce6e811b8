import Crypto
package import EngineKit
import SecretMemory
import Syntax

/// Signs and verifies webhooks by Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`.
///
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
package struct WebhookSigner: Sendable {
    private let key: SymmetricKey

    /// How far the time of a webhook may be from the present, in seconds, to either side.
    package static let toleranceSeconds = 300
    /// The lengths of keys that the specification allows, in bytes.
    package static let keyBytes = 24...64
    private static let prefix = "whsec_"
    private static let version = "v1,"
    private static let signaturesMax = 16
    private static let headerBytesMax = 4_096
    private static let idBytesMax = 256

    /// Reads a secret: `whsec_` and base64, or the base64 alone.
    ///
    /// Returns nil if it is not base64 or the key has a length that the specification does not allow.
    package init?(secret: String) {
        let text = secret.removingUTF8Prefix(Self.prefix) ?? secret[...]
        guard text.utf8.count <= 128, let bytes = Base64.decode(text, allowing: []), Self.keyBytes.contains(bytes.count) else {
            return nil
        }
        key = SymmetricKey(data: bytes)
    }

    /// Returns the signature as the header `webhook-signature` has it: `v1,` and base64.
    ///
    /// - Parameter timestamp: The time in seconds since 1970.
    package func sign(id: String, timestamp: Int, body: [UInt8]) -> String {
        Self.version + Base64.encode(Array(code(id: id, timestamp: String(timestamp), body: body)))
    }

    /// Whether a webhook is genuine and of the present.
    ///
    /// The id must not contain a dot, which separates the parts of what is signed.
    ///
    /// - Parameter signatures: The header `webhook-signature`, in which several signatures are separated by spaces while a
    ///   secret is being replaced; one of them must be right.
    package func verify(id: String, timestamp: String, signatures: String, body: [UInt8], at now: Timestamp) -> Bool {
        guard !id.isEmpty, id.utf8.count <= Self.idBytesMax, !id.containsUTF8("."),
            signatures.utf8.count <= Self.headerBytesMax, (1...12).contains(timestamp.utf8.count),
            timestamp.utf8.allSatisfy(\.isASCIIDigit), let seconds = Int(timestamp)
        else { return false }
        guard abs(seconds - now.seconds) <= Self.toleranceSeconds else { return false }
        let right = Array(code(id: id, timestamp: timestamp, body: body))
        var isGenuine = false
        for signature in signatures.splitUTF8(at: " ").prefix(Self.signaturesMax) {
            guard let text = signature.removingUTF8Prefix(Self.version), let given = Base64.decode(text, allowing: []) else {
                continue
            }
            // Every signature is compared, so that the time does not tell which one was right.
            if constantTimeEqual(given, right) { isGenuine = true }
        }
        return isGenuine
    }

    private func code(id: String, timestamp: String, body: [UInt8]) -> HMAC<SHA256>.MAC {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("\(id).\(timestamp).".utf8))
        code.update(data: body)
        return code.finalize()
    }

    /// Whether the secret signs a sample that it then verifies, and does not verify a changed one.
    package func passesSelfTest(at now: Timestamp) -> Bool {
        let body = Array(#"{"type":"coffer.test"}"#.utf8)
        let (id, timestamp) = ("msg_self_test", max(now.seconds, 0))
        let signature = sign(id: id, timestamp: timestamp, body: body)
        return verify(id: id, timestamp: String(timestamp), signatures: signature, body: body, at: now)
            && !verify(id: id, timestamp: String(timestamp), signatures: signature, body: body + [0x20], at: now)
    }
}
