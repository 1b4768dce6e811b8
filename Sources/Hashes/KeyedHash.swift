import COpenSSL

/// HMAC-SHA256 whose key was hashed before, which halves the time for short values. It allocates nothing.
package final class KeyedHash: Sendable {
    /// The length of a code.
    package static let codeBytes = Int(SHA256_DIGEST_LENGTH)

    private let inner: StartedHash
    private let outer: StartedHash

    /// The key has at most 64 bytes.
    package init(key: UnsafeRawBufferPointer) {
        (inner, outer) = (Self.started(key, mask: 0x36), Self.started(key, mask: 0x5C))
    }

    private static func started(_ key: UnsafeRawBufferPointer, mask: UInt8) -> StartedHash {
        withUnsafeTemporaryAllocation(byteCount: Int(SHA256_CBLOCK), alignment: 8) { block in
            precondition(key.count <= block.count)  // Keys here are always 32 bytes.
            defer { OPENSSL_cleanse(block.baseAddress, block.count) }
            block.initializeMemory(as: UInt8.self, repeating: 0)
            UnsafeMutableRawBufferPointer(rebasing: block[..<key.count]).copyMemory(from: key)
            for index in block.indices { block[index] ^= mask }
            return StartedHash(UnsafeRawBufferPointer(block))
        }
    }

    /// Writes the code of `bytes`, which has ``codeBytes``.
    package func write(codeOf bytes: UnsafeRawBufferPointer, to code: UnsafeMutableRawBufferPointer) {
        inner.write(finishedWith: bytes, to: code)
        outer.write(finishedWith: UnsafeRawBufferPointer(rebasing: code[..<Self.codeBytes]), to: code)
    }

    /// Calls `body` with the code of `bytes`. Not generic, because other rooms would call it unspecialized.
    package func withCode(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: Self.codeBytes, alignment: 8) { code in
            write(codeOf: bytes, to: code)
            body(UnsafeRawBufferPointer(code))
        }
    }
}
