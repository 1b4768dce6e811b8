import Foundation

/// The properties of a file that change when it is written or replaced, or when its owner or permissions change.
struct FileStamp: Sendable, Hashable {
    private let inode: UInt64
    private let size: UInt64
    private let modifiedAt: Date
    private let owner: UInt64
    private let permissions: UInt64

    /// Reads the properties of a file, or of the one that a symbolic link leads to. Returns nil if there is none.
    init?(_ path: String) {
        let file = URL(filePath: path).resolvingSymlinksInPath().path
        guard let found = try? FileManager.default.attributesOfItem(atPath: file) else { return nil }
        func number(_ key: FileAttributeKey) -> UInt64 { (found[key] as? NSNumber)?.uint64Value ?? 0 }
        inode = number(.systemFileNumber)
        size = number(.size)
        modifiedAt = found[.modificationDate] as? Date ?? .distantPast
        owner = number(.ownerAccountID)
        permissions = number(.posixPermissions)
    }
}
