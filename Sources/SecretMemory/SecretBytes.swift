import CSecretMemory

/// Secret bytes, which are wiped with the last reference and which no description shows.
///
/// Copies, such as `withBytes { Array($0) }` makes, must be wiped by the caller.
package final class SecretBytes: Sendable {
    // Never written after `init`, so sharing it is safe.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// Copies `bytes`. The caller must wipe the original.
    package init(_ bytes: some Collection<UInt8>) {
        storage = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        count = bytes.count
        UnsafeMutableRawBufferPointer(rebasing: storage[..<count]).copyBytes(from: bytes)
    }

    /// Allocates `count` bytes and lets `body` fill them in place, so that there is no other copy.
    package init(count: Int, filling body: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        storage = .allocate(byteCount: max(count, 1), alignment: 1)
        self.count = count
        storage.initializeMemory(as: UInt8.self, repeating: 0)
        // If it throws, `deinit` wipes and frees the memory, since all properties are set.
        try body(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
    }

    /// The number of bytes.
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
    /// Always `[secret]`.
    package var description: String { "[secret]" }
    /// Always `[secret]`.
    package var debugDescription: String { "[secret]" }
    /// A mirror without children, so that reflection does not show the bytes.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
