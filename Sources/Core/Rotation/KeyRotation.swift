import Barrier
import EngineKit
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

extension KeyRotation {
    static let fields: [Field] = [
        Field("enabled", .bool, "Rotate the encryption key without being asked."),
        Field("max_operations", .int, "Rotate after this many encryptions; at least \(operationsMin)."),
        Field("interval", .duration, "After so long, a day at least; 0 for never."),
    ]

    mutating func update(_ fields: Fields) throws(CofferError) {
        if let value = fields.bool("enabled") { isEnabled = value }
        if let value = fields.int("max_operations") {
            guard (Self.operationsMin...Self.operationsMax).contains(value) else {
                throw .invalid("field 'max_operations' must be from \(Self.operationsMin) to \(Self.operationsMax)")
            }
            operations = value
        }
        if let value = fields.duration("interval") {
            guard value == 0 || value >= Self.intervalMin else { throw .invalid("interval must be greater or equal to 24h0m0s") }
            interval = value
        }
    }

    var shown: JSONObject {
        [
            "enabled": .bool(isEnabled), "interval": interval == 0 ? 0 : .string(DurationText.text(seconds: interval)),
            "max_operations": .int(operations),
        ]
    }

    var stored: JSON { ["enabled": .bool(isEnabled), "interval": .int(interval), "operations": .int(operations)] }

    init?(stored: JSON) {
        guard let isEnabled = stored["enabled"]?.boolValue, let interval = stored["interval"]?.intValue,
            let operations = stored["operations"]?.intValue,
            interval == 0 || (Self.intervalMin...DurationText.secondsMax).contains(interval),
            (Self.operationsMin...Self.operationsMax).contains(operations)
        else { return nil }
        self.init(isEnabled: isEnabled, interval: interval, operations: operations)
    }

    static func load(_ storage: any Storage) async throws(StorageError) -> (rotation: KeyRotation, version: UInt64?) {
        guard let record = try await storage.get(key) else { return (KeyRotation(), nil) }
        guard let json = try? JSON(parsing: record.value), let rotation = KeyRotation(stored: json) else {
            throw .corrupted(key: key)
        }
        return (rotation, record.version)
    }
}
