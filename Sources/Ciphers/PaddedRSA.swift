import COpenSSL
package import SecretMemory

/// The operations of an RSA key with the paddings of RFC 8017, by libcrypto.
package final class PaddedRSA: Sendable {
    /// How a message or a digest is padded. Hashes have the names that libcrypto knows, such as `sha2-256`.
    package enum Padding: Sendable {
        /// Signatures of PKCS #1 v1.5. Without a hash, the input is padded as it is.
        case pkcs1(hash: String?)
        /// PSS with a salt of a length, or of any length if a signature is only verified.
        case pss(hash: String, saltBytes: Int?)
        /// OAEP without a label.
        case oaep(hash: String)
    }

    // Never changed after `init`; libcrypto lets threads share it.
    private nonisolated(unsafe) let key: OpaquePointer

    /// Reads a private key, PKCS #1 or PKCS #8. Returns nil if libcrypto cannot read it.
    package init?(privateDER der: UnsafeRawBufferPointer) {
        var start = der.assumingMemoryBound(to: UInt8.self).baseAddress
        guard let key = d2i_AutoPrivateKey(nil, &start, der.count) else {
            ERR_clear_error()
            return nil
        }
        self.key = key
    }

    /// Reads a SubjectPublicKeyInfo. Returns nil if libcrypto cannot read it.
    package init?(publicDER: [UInt8]) {
        let key = publicDER.withUnsafeBufferPointer { der in
            var start = der.baseAddress
            return d2i_PUBKEY(nil, &start, der.count)
        }
        guard let key else {
            ERR_clear_error()
            return nil
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The length of the modulus in bits.
    package var bitCount: Int { Int(EVP_PKEY_get_bits(key)) }
    /// The length of the modulus, and so of ciphertexts and signatures.
    package var byteCount: Int { Int(EVP_PKEY_get_size(key)) }

    /// Returns the ciphertext, or nil if the message is too long.
    package func encrypt(_ message: some Collection<UInt8>, _ padding: Padding) -> [UInt8]? {
        run(Array(message), padding, begin: EVP_PKEY_encrypt_init, operation: EVP_PKEY_encrypt)
    }

    /// Returns the message, or nil for any fault.
    package func decrypt(_ sealed: [UInt8], _ padding: Padding) -> SecretBytes? {
        guard var message = run(sealed, padding, begin: EVP_PKEY_decrypt_init, operation: EVP_PKEY_decrypt) else { return nil }
        defer { zero(&message) }
        return SecretBytes(message)
    }

    /// Returns the signature of a digest, or nil if the digest has the wrong length.
    package func sign(_ digest: [UInt8], _ padding: Padding) -> [UInt8]? {
        run(digest, padding, begin: EVP_PKEY_sign_init, operation: EVP_PKEY_sign)
    }

    /// Whether the signature is that of the digest.
    package func isValid(_ signature: [UInt8], of digest: [UInt8], _ padding: Padding) -> Bool {
        withContext(padding, EVP_PKEY_verify_init) { context in
            EVP_PKEY_verify(context, signature, signature.count, digest, digest.count) == 1 ? true : nil
        } ?? false
    }

    /// An operation of libcrypto that writes bytes: its context, the output and its length, the input and its length.
    private typealias Operation = (
        OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>?, UnsafePointer<UInt8>?, Int
    ) -> Int32

    private func run(
        _ input: [UInt8], _ padding: Padding, begin: (OpaquePointer?) -> Int32, operation: Operation
    ) -> [UInt8]? {
        withContext(padding, begin) { context in
            var count = byteCount
            var output = [UInt8](repeating: 0, count: count)
            guard operation(context, &output, &count, input, input.count) == 1 else {
                zero(&output)
                return nil
            }
            output.removeSubrange(count...)
            return output
        }
    }

    /// Returns the result of `body`. Whatever libcrypto then has to say about a fault is forgotten.
    private func withContext<Result>(
        _ padding: Padding, _ begin: (OpaquePointer?) -> Int32, body: (OpaquePointer) -> Result?
    ) -> Result? {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard begin(context) == 1, padding.apply(to: context), let result = body(context) else {
            ERR_clear_error()
            return nil
        }
        return result
    }
}

extension PaddedRSA.Padding {
    /// Returns false if libcrypto refuses it.
    fileprivate func apply(to context: OpaquePointer) -> Bool {
        switch self {
        case .pkcs1(nil): EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        case .pkcs1(let hash?):
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 && Self.setSignatureHash(hash, of: context)
        case .pss(let hash, let saltBytes):
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && Self.setSignatureHash(hash, of: context)
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, saltBytes.map(Int32.init) ?? RSA_PSS_SALTLEN_AUTO) == 1
        case .oaep(let hash):
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_oaep_md_name(context, hash, nil) == 1
        }
    }

    private static func setSignatureHash(_ name: String, of context: OpaquePointer) -> Bool {
        guard let hash = EVP_MD_fetch(nil, name, nil) else { return false }
        defer { EVP_MD_free(hash) }
        return EVP_PKEY_CTX_set_signature_md(context, hash) == 1
    }
}
