import COpenSSL
import SecretMemory

/// AES-256-GCM with a nonce of 96 bits and a tag of 128 bits (NIST SP 800-38D). A ciphertext is `nonce | ciphertext | tag`.
///
/// Only constructions that never repeat a nonce under a key may use it, as ``XAES256GCM`` does.
package enum AES256GCM {
    /// The length of a key in bytes.
    package static let keyBytes = 32
    /// The length of a nonce in bytes.
    package static let nonceBytes = 12
    /// The length of a tag in bytes.
    package static let tagBytes = 16

    private static let lengthMax = Int(Int32.max) - nonceBytes - tagBytes

    // Never changed after it was created; libcrypto lets threads share it.
    private nonisolated(unsafe) static let cipher = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)

    /// Encrypts, and appends nonce, ciphertext and tag to `output`.
    package static func seal(
        _ plaintext: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer,
        into output: inout [UInt8]
    ) throws(CipherError) {
        guard nonce.count == nonceBytes, plaintext.count <= lengthMax else { throw .invalidParameter }
        let start = output.count
        output.append(contentsOf: nonce)
        output.append(contentsOf: repeatElement(0, count: plaintext.count + tagBytes))
        let isSealed = output.withUnsafeMutableBytes { output in
            let sealed = UnsafeMutableRawBufferPointer(rebasing: output[(start + nonceBytes)...])
            let tag = UnsafeMutableRawBufferPointer(rebasing: sealed[plaintext.count...])
            return withContext(encrypts: true, key: key, nonce: nonce, authenticating: associated) { context in
                update(context, plaintext, to: sealed.baseAddress) && finish(context)
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), tag.baseAddress) == 1
            }
        }
        guard isSealed else {
            output.removeSubrange(start...)
            throw .invalidParameter
        }
    }

    /// Decrypts what ``seal(_:key:nonce:authenticating:into:)`` appended.
    package static func open(
        _ sealed: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer
    ) throws(CipherError) -> [UInt8] {
        guard key.count == keyBytes else { throw .invalidParameter }
        guard sealed.count >= nonceBytes + tagBytes, sealed.count <= lengthMax else { throw .doesNotOpen }
        let nonce = UnsafeRawBufferPointer(rebasing: sealed[..<nonceBytes])
        let ciphertext = UnsafeRawBufferPointer(rebasing: sealed[nonceBytes..<sealed.count - tagBytes])
        // The context is only read.
        let tag = UnsafeMutableRawPointer(
            mutating: UnsafeRawBufferPointer(rebasing: sealed[(sealed.count - tagBytes)...]).baseAddress)
        var isOpen = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: ciphertext.count) { plaintext, count in
            let output = UnsafeMutableRawBufferPointer(plaintext)
            isOpen = withContext(encrypts: false, key: key, nonce: nonce, authenticating: associated) { context in
                update(context, ciphertext, to: output.baseAddress)
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), tag) == 1 && finish(context)
            }
            // Plaintext that is not authentic must not leave this function.
            if !isOpen { output.initializeMemory(as: UInt8.self, repeating: 0) }
            count = isOpen ? ciphertext.count : 0
        }
        guard isOpen else { throw .doesNotOpen }
        return plaintext
    }

    /// Returns the result of `body`, or false if libcrypto fails. The context and the key in it are wiped.
    private static func withContext(
        encrypts: Bool, key: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer, body: (OpaquePointer) -> Bool
    ) -> Bool {
        guard key.count == keyBytes, nonce.count == nonceBytes, associated.count <= lengthMax else { return false }
        guard let cipher, let context = EVP_CIPHER_CTX_new() else { return false }
        defer { EVP_CIPHER_CTX_free(context) }
        guard
            EVP_CipherInit_ex2(
                context, cipher, key.assumingMemoryBound(to: UInt8.self).baseAddress,
                nonce.assumingMemoryBound(to: UInt8.self).baseAddress, encrypts ? 1 : 0, nil) == 1
        else { return false }
        return update(context, associated, to: nil) && body(context)
    }

    /// Encrypts or decrypts `input`, or only authenticates it if `output` is nil. Returns false if libcrypto fails.
    private static func update(
        _ context: OpaquePointer, _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer?
    ) -> Bool {
        guard !input.isEmpty else { return true }
        var written: Int32 = 0
        return EVP_CipherUpdate(
            context, output?.assumingMemoryBound(to: UInt8.self), &written,
            input.assumingMemoryBound(to: UInt8.self).baseAddress, Int32(input.count)) == 1
    }

    private static func finish(_ context: OpaquePointer) -> Bool {
        var (written, rest): (Int32, UInt64) = (0, 0)  // GCM writes nothing at the end.
        return withUnsafeMutableBytes(of: &rest) {
            EVP_CipherFinal_ex(context, $0.assumingMemoryBound(to: UInt8.self).baseAddress, &written) == 1
        }
    }
}
