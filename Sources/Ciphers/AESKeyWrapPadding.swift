import COpenSSL
package import SecretMemory

/// AES key wrap with padding (RFC 5649): wraps a key of any length under another, without a nonce.
package enum AESKeyWrapPadding {
    /// The longest key that is wrapped, which is more than any private key has.
    package static let bytesMax = 64 << 10

    /// Returns `secret` wrapped under an AES key.
    package static func wrap(_ secret: UnsafeRawBufferPointer, under key: SecretBytes) throws(CipherError) -> [UInt8] {
        guard [16, 24, 32].contains(key.count), !secret.isEmpty, secret.count <= bytesMax,
            let wrapped = run(secret, under: key, encrypts: true)
        else { throw .invalidParameter }
        return wrapped
    }

    /// Returns what ``wrap(_:under:)`` wrapped. One error stands for every fault.
    package static func unwrap(_ wrapped: some Collection<UInt8>, under key: SecretBytes) throws(CipherError) -> SecretBytes {
        guard [16, 24, 32].contains(key.count) else { throw .invalidParameter }
        guard wrapped.count >= 16, wrapped.count.isMultiple(of: 8), wrapped.count <= bytesMax + 16,
            var secret = Array(wrapped).withUnsafeBytes({ run($0, under: key, encrypts: false) })
        else { throw .doesNotOpen }
        defer { zero(&secret) }
        return SecretBytes(secret)
    }

    /// Returns what libcrypto makes of `input`, or nil if it refuses it.
    private static func run(_ input: UnsafeRawBufferPointer, under key: SecretBytes, encrypts: Bool) -> [UInt8]? {
        guard let cipher = EVP_CIPHER_fetch(nil, "AES-\(key.count * 8)-WRAP-PAD", nil), let context = EVP_CIPHER_CTX_new()
        else { return nil }
        defer {
            EVP_CIPHER_CTX_free(context)
            EVP_CIPHER_free(cipher)
        }
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW)
        // Wrapping adds the length, and up to 7 bytes of padding.
        var output = [UInt8](repeating: 0, count: input.count + 16)
        var count: Int32 = 0
        let isDone = key.withBytes { key in
            EVP_CipherInit_ex2(context, cipher, key.assumingMemoryBound(to: UInt8.self).baseAddress, nil, encrypts ? 1 : 0, nil)
                == 1
                && EVP_CipherUpdate(
                    context, &output, &count, input.assumingMemoryBound(to: UInt8.self).baseAddress, Int32(input.count)) == 1
        }
        guard isDone else {
            zero(&output)
            ERR_clear_error()
            return nil
        }
        output.removeSubrange(Int(count)...)
        return output
    }
}
