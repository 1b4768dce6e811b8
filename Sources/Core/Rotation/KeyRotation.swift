import Barrier
import EngineKit
import Records
import Syntax

/// When the encryption key is rotated automatically, as `sys/rotate/config` sets it.
struct KeyRotation: Sendable, Hashable {
    static let key = "sys/rotation"
    /// The largest number of encryptions with one key that the protocol accepts, which is a bound for AES-GCM. XAES-256-GCM permits
    /// more.
    static let operationsMax = 3_865_470_566
    static let operationsMin = 1_000_000
    static let intervalMin = 86_400

    var isEnabled = true
    /// The age in seconds at which a key is rotated; 0 to never rotate by age.
    var interval = 0
    /// The number of encryptions after which a key is rotated.
    var operations = Self.operationsMax

    /// Returns whether a key has to be rotated.
    func isDue(_ status: KeyStatus, at now: Timestamp) -> Bool {
        guard isEnabled else { return false }
        return status.encryptions >= UInt64(operations) || interval > 0 && now >= status.installed.adding(seconds: interval)
    }
}

extension KeyRotation: Record, SettingsRecord {
    static let settings = Settings(
        new: KeyRotation(),
        Setting("enabled", \.isEnabled, as: .flag, help: "Whether to rotate the encryption key automatically."),
        Setting("interval", \.interval, as: .interval, help: "Rotate a key of this age, a day at least; 0 for never."),
        Setting(
            "max_operations", \.operations, as: .count(operationsMin...operationsMax), stored: "operations",
            help: "Rotate after this number of encryptions, at least \(operationsMin)."))

    init?(stored object: JSONObject) {
        guard let rotation = Self.settings.read(object),
            rotation.interval == 0 || (Self.intervalMin...DurationText.secondsMax).contains(rotation.interval),
            (Self.operationsMin...Self.operationsMax).contains(rotation.operations)
        else { return nil }
        self = rotation
    }

    /// Returns the stored settings and their version, or the default ones and nil if none are stored.
    static func load(_ storage: any Storage) async throws(StorageError) -> (rotation: KeyRotation, version: UInt64?) {
        guard let record = try await storage.get(key) else { return (KeyRotation(), nil) }
        guard let json = try? JSON(parsing: record.value), let rotation = KeyRotation(stored: json) else {
            throw .corrupted(key: key)
        }
        return (rotation, record.version)
    }
}

extension SettingKind where Value == Int {
    /// A rotation interval, which answers show as a string.
    fileprivate static var interval: Self {
        var kind = duration { seconds, name throws(CofferError) in
            guard seconds == 0 || seconds >= KeyRotation.intervalMin else {
                throw .invalid("\(name) must be greater or equal to 24h0m0s")
            }
        }
        kind.shown = { $0 == 0 ? 0 : .string(DurationText.text(seconds: $0)) }
        return kind
    }
}
