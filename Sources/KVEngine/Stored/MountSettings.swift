import EngineKit
import Records
import Syntax

/// The settings of a version 2 mount, which the path `config` changes.
struct MountSettings: Hashable {
    /// The number of versions that a secret keeps, or 0 for ``versionsDefault``.
    var versionsMax = 0
    var needsCheckAndSet = false
    /// How long after its creation a version is deleted, in seconds, or 0 for never. A negative number means never for
    /// every secret, whatever its metadata says.
    var deleteAfter = 0

    static let versionsDefault = 10

    /// Returns the number of versions that a secret keeps.
    func versionsMax(for head: Head) -> Int {
        if head.versionsMax > 0 { return head.versionsMax }
        return versionsMax > 0 ? versionsMax : Self.versionsDefault
    }

    /// Returns when a version that is written now is deleted, or nil for never. The shorter of the times of the mount and
    /// the secret applies.
    func deletion(of head: Head, writtenAt now: Timestamp) -> Timestamp? {
        guard deleteAfter >= 0 else { return nil }
        let seconds = [deleteAfter, head.deleteAfter].filter { $0 > 0 }.min()
        return seconds.map { now.adding(seconds: $0) }
    }

    func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.append(RecordHeader.settings)
        output.append(needsCheckAndSet ? 1 : 0)
        output.append(littleEndian: UInt32(clamping: versionsMax))
        output.append(littleEndian: Int64(deleteAfter))
        return output
    }
}

extension MountSettings {
    init(decoding bytes: [UInt8], key: String) throws(StorageError) {
        var reader = ByteReader(bytes, key: key)
        try reader.expect(.settings)
        let flag: UInt8 = try reader.integer()
        versionsMax = Int(try reader.integer(UInt32.self))
        deleteAfter = Int(try reader.integer(Int64.self))
        guard flag <= 1, reader.isAtEnd, deleteAfter >= -1 else { throw reader.corrupted }
        needsCheckAndSet = flag == 1
    }
}

extension MountSettings: SettingsRecord {
    static let settings = Settings(
        new: MountSettings(),
        Setting("cas_required", \.needsCheckAndSet, as: .flag, help: "Whether every write must say which version it replaces."),
        Setting(
            "delete_version_after", \.deleteAfter, as: .signedDuration,
            help: "How long after its writing a version is deleted. 0 for never; negative to ignore what secrets say, too."),
        Setting(
            "max_versions", \.versionsMax, as: .versions,
            help: "How many versions a secret keeps, at most \(HeadFormat.versionsMax). 0 for the default."))
}

extension SettingKind where Value == Int {
    /// How many versions a secret keeps.
    static var versions: Self { count(0...HeadFormat.versionsMax) }

    /// A duration that is sent and shown as text. Every negative duration is stored as -1.
    fileprivate static var signedDuration: Self {
        Self(
            .string, shown: { .string($0 < 0 ? "-1s" : DurationText.text(seconds: $0)) }, read: { $0.intValue },
            take: { sent, name, current throws(CofferError) in
                guard let text = sent.stringValue, !text.isEmpty else { return 0 }
                let isNegative = text.hasUTF8Prefix("-")
                guard let seconds = DurationText.seconds(isNegative ? String(text.dropFirstUTF8()) : text) else {
                    throw .invalid("field '\(name)' must be a duration such as 90, \"90s\" or \"-1s\"")
                }
                return isNegative && seconds > 0 ? -1 : seconds
            })
    }
}
