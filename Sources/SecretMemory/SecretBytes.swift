import CSecretMemory

/// Bytes that are wiped when the last reference goes, and that never print.
///
/// Copies made of them (`withBytes { Array($0) }`) are the caller's to wipe.
package final class SecretBytes: Sendable {
    // Never written after `init`, so sharing it is safe.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    package init(_ bytes: some Collection<UInt8>) {
        storage = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        count = bytes.count
        UnsafeMutableRawBufferPointer(rebasing: storage[..<count]).copyBytes(from: bytes)
    }

    /// Fills new secret bytes in place, so that no second copy exists.
    package init(count: Int, filling body: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        storage = .allocate(byteCount: max(count, 1), alignment: 1)
        self.count = count
        storage.initializeMemory(as: UInt8.self, repeating: 0)
        // When it throws, `deinit` wipes and frees the memory, since all properties are set; freeing it here too would free it twice.
        try body(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
    }

    package let count: Int

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
