/// A cipher whose nonces are so long that they may be random. Sealed text is `nonce (24) | ciphertext | tag (16)`.
package protocol ExtendedNonceCipher: Sendable {
    /// Encrypts, and appends nonce, ciphertext and tag to `output`.
    func seal(
        _ plaintext: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer,
        into output: inout [UInt8]
    ) throws(CipherError)

    /// Decrypts what ``seal(_:nonce:authenticating:into:)`` appended.
    func open(_ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer) throws(CipherError) -> [UInt8]
}
