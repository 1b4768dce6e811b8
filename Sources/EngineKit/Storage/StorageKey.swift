import Glibc

/// A storage key compared byte for byte. Swift's own `==` takes two spellings of `é` for one key; a store must not.
package struct StorageKey: Hashable, Sendable {
    /// The key as text.
    package let text: String
    /// Seeded for each process, so callers cannot choose names that collide.
    package let digest: Int

    /// Creates a key and its hash.
    package init(_ text: String) {
        var hasher = Hasher()
        text.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        self.text = text
        digest = hasher.finalize()
    }

    /// Returns whether both keys have the same bytes.
    package static func == (left: StorageKey, right: StorageKey) -> Bool {
        left.digest == right.digest && left.text.compareBytes(to: right.text) == 0
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension String {
    /// Negative, zero or positive, in the order that stores list their keys in.
    func compareBytes(to other: String) -> Int {
        withBytes { left in
            other.withBytes { right in
                let common = min(left.count, right.count)
                let order = memcmp(left.baseAddress ?? Self.noBytes, right.baseAddress ?? Self.noBytes, common)
                return order != 0 ? Int(order) : left.count - right.count
            }
        }
    }

    fileprivate func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        return Array(utf8).withUnsafeBufferPointer(body)
    }

    // Never read: `memcmp` gets it together with a length of 0.
    private static var noBytes: UnsafePointer<UInt8> { UnsafePointer(bitPattern: 1).unsafelyUnwrapped }
}
