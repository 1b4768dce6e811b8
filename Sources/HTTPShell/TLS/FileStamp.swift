import Foundation

/// The properties of a file that change when it is written or replaced.
struct FileStamp: Sendable, Hashable {
    private let inode: UInt64
    private let size: UInt64
    private let modifiedAt: Date

    /// Reads the properties of a file, or of the one that a symbolic link leads to. Returns nil if there is none.
    init?(_ path: String) {
        let file = URL(filePath: path).resolvingSymlinksInPath().path
        guard let found = try? FileManager.default.attributesOfItem(atPath: file) else { return nil }
        inode = (found[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        size = (found[.size] as? NSNumber)?.uint64Value ?? 0
        modifiedAt = found[.modificationDate] as? Date ?? .distantPast
    }
}
