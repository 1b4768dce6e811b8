import Barrier
import EngineKit
import Records
import Syntax

/// When the encryption key is rotated without being asked.
struct KeyRotation: Sendable, Hashable {
    static let key = "sys/rotation"
    /// As many as one key may seal with AES-GCM; ours bears more.
    static let operationsMax = 3_865_470_566
    static let operationsMin = 1_000_000
    static let intervalMin = 86_400

    var isEnabled = true
    /// Seconds; 0 for no interval.
    var interval = 0
    var operations = Self.operationsMax

    func isDue(_ status: KeyStatus, at now: Timestamp) -> Bool {
        guard isEnabled else { return false }
        return status.encryptions >= UInt64(operations) || interval > 0 && now >= status.installed.adding(seconds: interval)
    }
}

extension KeyRotation: Record, SettingsRecord {
    static let settings = Settings(
        new: KeyRotation(),
        Setting("enabled", \.isEnabled, as: .flag, help: "Rotate the encryption key without being asked."),
        Setting("interval", \.interval, as: .interval, help: "After so long, a day at least; 0 for never."),
        Setting(
            "max_operations", \.operations, as: .count(operationsMin...operationsMax), stored: "operations",
            help: "Rotate after this many encryptions; at least \(operationsMin)."))

    init?(stored object: JSONObject) {
        guard let rotation = Self.settings.read(object),
            rotation.interval == 0 || (Self.intervalMin...DurationText.secondsMax).contains(rotation.interval),
            (Self.operationsMin...Self.operationsMax).contains(rotation.operations)
        else { return nil }
        self = rotation
    }

    static func load(_ storage: any Storage) async throws(StorageError) -> (rotation: KeyRotation, version: UInt64?) {
        guard let record = try await storage.get(key) else { return (KeyRotation(), nil) }
        guard let json = try? JSON(parsing: record.value), let rotation = KeyRotation(stored: json) else {
            throw .corrupted(key: key)
        }
        return (rotation, record.version)
    }
}

extension SettingKind where Value == Int {
    /// The interval of a rotation, which answers show as a text.
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
