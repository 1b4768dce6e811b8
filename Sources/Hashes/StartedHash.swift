import COpenSSL

/// SHA-256 of texts that begin alike: the beginning is hashed once. Wiped when the last reference goes.
package final class StartedHash: Sendable {
    package static let bytes = Int(SHA256_DIGEST_LENGTH)

    // Never written after `init`, so sharing it is safe.
    private nonisolated(unsafe) let state: UnsafeMutablePointer<SHA256_CTX>

    package init(_ beginning: UnsafeRawBufferPointer) {
        state = .allocate(capacity: 1)
        state.initialize(to: SHA256_CTX())
        SHA256_Init(state)
        SHA256_Update(state, beginning.baseAddress, beginning.count)
    }

    /// Writes the hash of the beginning and these bytes, which takes ``bytes``. Both may be the same memory.
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
