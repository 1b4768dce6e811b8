import EngineKit
import Records

/// All that is known about one secret of version 2, and the data of its newest version.
struct Head {
    struct Version: Hashable {
        var created: Timestamp
        /// When it was deleted or will be; nil when nobody said so.
        var deletion: Timestamp?
        var isDestroyed = false
        /// Who wrote it; empty when that is not known.
        var author: String

        /// There is metadata but no data to give.
        func isGone(at now: Timestamp) -> Bool { isDestroyed || isDeleted(at: now) }
        func isDeleted(at now: Timestamp) -> Bool { deletion.map { $0 <= now } ?? false }
    }

    var created: Timestamp
    var updated: Timestamp
    /// 0 while only metadata was written.
    var current: UInt64 = 0
    /// As the API counts it: 0 until a version first had to make room.
    var oldest: UInt64 = 0
    /// 0 leaves it to the mount.
    var versionsMax = 0
    /// Seconds; 0 leaves it to the mount.
    var deleteAfter = 0
    var needsCheckAndSet = false
    /// The compact text of a JSON object of strings; empty for none.
    var customMetadata: [UInt8] = []
    /// Without gaps; the last is `current`.
    var versions: [Version] = []
    /// The compact JSON text of the current version; empty when that is destroyed, or there is none.
    var data: [UInt8] = []

    init(created: Timestamp) {
        self.created = created
        updated = created
    }

    /// The lowest version that still has an entry.
    var first: UInt64 { current - UInt64(versions.count) + 1 }

    func index(of version: UInt64) -> Int? {
        guard !versions.isEmpty, version >= first, version <= current else { return nil }
        return Int(version - first)
    }

    subscript(_ version: UInt64) -> Version? { index(of: version).map { versions[$0] } }
}

extension Head: SettingsRecord {
    static let settings = Settings(
        new: Head(created: Timestamp(seconds: 0)),
        Setting(
            "max_versions", \.versionsMax, as: .versions,
            help: "How many versions a secret keeps, at most \(HeadFormat.versionsMax). 0 for the default."),
        Setting("cas_required", \.needsCheckAndSet, as: .flag, help: "Whether every write must say which version it replaces."),
        Setting(
            "delete_version_after", \.deleteAfter, as: .duration,
            help: "How long after its writing a version is deleted. 0 for what the mount says."))
}
