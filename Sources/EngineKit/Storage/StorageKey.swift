import Glibc

/// A storage key that is compared byte for byte. Swift's `==` treats two spellings of `é` as equal, which a store must not.
///
/// It is public, with what a table needs of it, because the compiler does not inline `package` functions into other
/// modules, and the cache looks up each read by it.
public struct StorageKey: Hashable, Sendable {
    /// The key as text.
    package let text: String
    /// The hash, seeded for each process so that callers cannot choose names that collide.
    public let digest: Int

    /// Creates a key and its hash.
    package init(_ text: String) {
        var hasher = Hasher()
        text.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        self.text = text
        digest = hasher.finalize()
    }

    /// Returns whether both keys have the same bytes.
    @inlinable public static func == (left: StorageKey, right: StorageKey) -> Bool {
        left.digest == right.digest && left.hasSameText(as: right)
    }

    @usableFromInline func hasSameText(as other: StorageKey) -> Bool { text.compareBytes(to: other.text) == 0 }

    /// Feeds the stored hash, so that a table does not read the text again.
    @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension String {
    /// Returns a negative number, zero or a positive one, in the order that stores list their keys in.
    package func compareBytes(to other: String) -> Int {
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

    // Never read: `memcmp` receives it together with a length of 0.
    private static var noBytes: UnsafePointer<UInt8> { UnsafePointer(bitPattern: 1).unsafelyUnwrapped }
}
