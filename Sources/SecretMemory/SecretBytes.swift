import CSecretMemory

/// Bytes that are wiped with their last reference, and that no description shows.
///
/// The caller has to wipe copies, as `withBytes { Array($0) }` makes them.
package final class SecretBytes: Sendable {
    // Never written after `init`, so sharing it is safe.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// Copies `bytes`, which the caller has to wipe.
    package init(_ bytes: some Collection<UInt8>) {
        storage = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        count = bytes.count
        UnsafeMutableRawBufferPointer(rebasing: storage[..<count]).copyBytes(from: bytes)
    }

    /// Makes `count` bytes and lets `body` fill them in place, so that there is no other copy.
    package init(count: Int, filling body: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        storage = .allocate(byteCount: max(count, 1), alignment: 1)
        self.count = count
        storage.initializeMemory(as: UInt8.self, repeating: 0)
        // If it throws, `deinit` wipes and frees the memory, since all properties are set.
        try body(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
    }

    package let count: Int

    /// Calls `body` with the bytes, which are valid until it returns.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: storage[..<count]))
    }

    deinit {
        coffer_zero(storage.baseAddress, storage.count)
        storage.deallocate()
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "[secret]" }
    package var debugDescription: String { "[secret]" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
