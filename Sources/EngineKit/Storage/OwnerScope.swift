import Glibc
import Syntax

/// On whose behalf records of owners are read and written.
///
/// A record of an owner has a key such as `mount/4f…/owned/alice/…`. The barrier refuses it unless the scope allows it, so a
/// mistake in how a key was made does not show one owner the records of another. The scope comes from the request, never from
/// the key.
package enum OwnerScope: Sendable, Hashable {
    /// A request that concerns one owner.
    case owner(String)
    /// Work of the server on the records of everybody, such as sealing them with a new key.
    case everybody

    /// The scope of the current task; nil outside of such requests and such work.
    @TaskLocal package static var current: OwnerScope?

    /// Returns whether the records of an owner may be used.
    package func allows(_ owner: Substring) -> Bool {
        switch self {
        case .owner(let name): name.utf8.elementsEqual(owner.utf8)
        case .everybody: true
        }
    }

    /// Runs an operation in this scope.
    package func run<Success, Failure: Error>(
        _ body: () async throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let result: Result<Success, Failure> = await Self.$current.withValue(self) {
            do throws(Failure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// The keys of records that belong to an owner: `mount/MOUNT/owned/OWNER/…`.
package enum OwnedKey {
    /// The folder of a mount that has a folder for each owner.
    package static let folder = "owned/"
    private static let folderName: StaticString = "owned/"
    private static let mounts: StaticString = "mount/"
    private static let slash = UInt8(ascii: "/")

    /// Returns the owner of the record with this key, or nil if it belongs to nobody.
    package static func owner(of key: String) -> Substring? {
        guard let range = key.utf8.withContiguousStorageIfAvailable(ownerRange) ?? Array(key.utf8).withUnsafeBufferPointer(ownerRange)
        else { return nil }
        return Substring(key.utf8.dropFirst(range.lowerBound).prefix(range.count))
    }

    /// Returns where in the bytes of a key its owner is. Each read of a record asks, so this looks at few bytes.
    private static func ownerRange(in key: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        guard has(mounts, in: key, at: 0), let mountEnd = firstSlash(in: key, from: mounts.utf8CodeUnitCount),
            has(folderName, in: key, at: mountEnd + 1)
        else { return nil }
        let start = mountEnd + 1 + folderName.utf8CodeUnitCount
        guard let end = firstSlash(in: key, from: start), end > start else { return nil }
        return start..<end
    }

    private static func has(_ text: StaticString, in key: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard let base = key.baseAddress, key.count - offset >= count else { return false }
        return memcmp(base + offset, text.utf8Start, count) == 0
    }

    private static func firstSlash(in key: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int? {
        guard let base = key.baseAddress, offset < key.count,
            let found = memchr(base + offset, Int32(slash), key.count - offset)
        else { return nil }
        return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
    }

    /// Returns whether a listing of this prefix can show keys of several owners.
    package static func mayPrecede(_ prefix: String) -> Bool {
        guard prefix.hasUTF8Prefix("mount/") else { return "mount/".hasUTF8Prefix(prefix) }
        guard let (_, rest) = prefix.dropFirstUTF8(6).cutUTF8(at: "/") else { return false }
        return folder.hasUTF8Prefix(rest)
    }

    /// Checks that the current scope allows the record with this key.
    ///
    /// - Throws: ``StorageError/foreignOwner(key:)``.
    package static func check(_ key: String) throws(StorageError) {
        guard let owner = owner(of: key) else { return }
        guard OwnerScope.current?.allows(owner) == true else { throw .foreignOwner(key: key) }
    }

    /// Checks that the current scope allows a listing of the keys below `prefix`. The names of owners may always be listed.
    ///
    /// - Throws: ``StorageError/foreignOwner(key:)``.
    package static func check(prefix: String) throws(StorageError) { try check(prefix) }
}

/// The records of one owner, in the store of a mount. It has no way to name the record of another.
package struct OwnedStorage: Storage {
    /// The name of the owner, which is a segment of the keys.
    package let owner: String
    private let base: PrefixedStorage

    /// Creates the part of a mount's store that belongs to an owner.
    ///
    /// - Parameter owner: One segment of a path, not empty.
    package init(_ store: any Storage, owner: String) {
        self.owner = owner
        base = PrefixedStorage(store, prefix: OwnedKey.folder + owner + "/")
    }

    /// Returns the record at `key` of this owner, or nil if there is none.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try await OwnerScope.owner(owner).run { () throws(StorageError) in try await base.get(key) }
    }

    /// Returns one page of names below a prefix of this owner.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try await OwnerScope.owner(owner).run { () throws(StorageError) in try await base.list(listing) }
    }

    /// Commits a batch of this owner's records.
    package func commit(_ batch: Batch) async throws(StorageError) {
        try await OwnerScope.owner(owner).run { () throws(StorageError) in try await base.commit(batch) }
    }
}
