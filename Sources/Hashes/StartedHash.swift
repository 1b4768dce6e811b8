import COpenSSL

/// SHA-256 of texts with the same beginning, which is hashed once. It is wiped with its last reference.
package final class StartedHash: Sendable {
    /// The length of a hash.
    package static let bytes = Int(SHA256_DIGEST_LENGTH)

    // Never written after `init`, so sharing it is safe.
    private nonisolated(unsafe) let state: UnsafeMutablePointer<SHA256_CTX>

    /// Hashes the beginning.
    package init(_ beginning: UnsafeRawBufferPointer) {
        state = .allocate(capacity: 1)
        state.initialize(to: SHA256_CTX())
        SHA256_Init(state)
        SHA256_Update(state, beginning.baseAddress, beginning.count)
    }

    /// Writes the hash of the beginning followed by `bytes`. The hash has ``bytes``, and may overwrite the input.
    package func write(finishedWith bytes: UnsafeRawBufferPointer, to hash: UnsafeMutableRawBufferPointer) {
        precondition(hash.count >= Self.bytes)
        var state = state.pointee
        SHA256_Update(&state, bytes.baseAddress, bytes.count)
        SHA256_Final(hash.assumingMemoryBound(to: UInt8.self).baseAddress, &state)
        OPENSSL_cleanse(&state, MemoryLayout<SHA256_CTX>.size)
    }

    deinit {
        OPENSSL_cleanse(state, MemoryLayout<SHA256_CTX>.size)
        state.deallocate()
    }
}
