import EngineKit
import Records

/// The metadata of a secret of version 2, and the data of its newest version.
struct Head {
    /// The metadata of one version.
    struct Version: Hashable {
        var created: Timestamp
        /// When it was or will be deleted, or nil for never.
        var deletion: Timestamp?
        var isDestroyed = false
        /// Who wrote it, or empty if that is not known.
        var author: String

        /// Whether it is deleted or destroyed, so that only its metadata can be read.
        func isGone(at now: Timestamp) -> Bool { isDestroyed || isDeleted(at: now) }
        /// Whether the time of its deletion has passed.
        func isDeleted(at now: Timestamp) -> Bool { deletion.map { $0 <= now } ?? false }
    }

    var created: Timestamp
    var updated: Timestamp
    /// The number of the newest version, or 0 if only metadata was written.
    var current: UInt64 = 0
    /// The number of the oldest version that is kept. As in the API, it is 0 until a version was dropped.
    var oldest: UInt64 = 0
    /// The number of versions to keep, or 0 for that of the mount.
    var versionsMax = 0
    /// How long after its creation a version is deleted, in seconds, or 0 for the mount's setting.
    var deleteAfter = 0
    var needsCheckAndSet = false
    /// The text of a JSON object whose values are strings, or empty for none.
    var customMetadata: [UInt8] = []
    /// The versions in ascending order without gaps. The last one is `current`.
    var versions: [Version] = []
    /// The JSON text of the newest version. It is empty if that is destroyed, or if there is none.
    var data: [UInt8] = []

    init(created: Timestamp) {
        self.created = created
        updated = created
    }

    /// The number of the first version in ``versions``.
    var first: UInt64 { current - UInt64(versions.count) + 1 }

    /// Returns the place of a version in ``versions``, or nil if it is not there.
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
