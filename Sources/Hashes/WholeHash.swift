import COpenSSL

/// A hash function of libcrypto, for inputs that are there as a whole.
package struct WholeHash: Sendable {
    /// SHA-224 (FIPS 180-4).
    package static let sha224 = WholeHash(EVP_sha224())
    /// SHA3-224 (FIPS 202).
    package static let sha3x224 = WholeHash(EVP_sha3_224())

    // A constant of libcrypto.
    private nonisolated(unsafe) let function: OpaquePointer?

    private init(_ function: OpaquePointer?) { self.function = function }

    /// Returns the hash of `input`.
    package func digest(_ input: [UInt8]) -> [UInt8] {
        output { EVP_Digest(input, input.count, $0, &$1, function, nil) == 1 }
    }

    /// Returns the HMAC of `input`.
    package func hmac(_ input: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8] {
        output { HMAC(function, key.baseAddress, Int32(key.count), input, input.count, $0, &$1) != nil }
    }

    private func output(_ write: (UnsafeMutablePointer<UInt8>?, inout UInt32) -> Bool) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { output, count in
            var size: UInt32 = 0
            precondition(write(output.baseAddress, &size))  // libcrypto fails only without memory.
            count = Int(size)
        }
    }
}
