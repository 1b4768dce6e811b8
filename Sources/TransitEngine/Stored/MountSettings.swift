import EngineKit
import Records
import Syntax

/// What a mount's own paths set, `cache-config` and `config/keys`.
struct MountSettings: Sendable, Hashable {
    /// 0 means as many as fit.
    var cacheSize = 0
    var allowsUpsert = true

    static let key = "settings"
    private static let cacheSizeMin = 10
}

extension MountSettings: SettingsRecord {
    static let settings = Settings(
        new: MountSettings(),
        Setting(
            "size", \.cacheSize,
            as: .number { size, name throws(CofferError) in
                guard size == 0 || size >= cacheSizeMin else {
                    throw .invalid("\(name) must be 0 or a value greater or equal to \(cacheSizeMin)")
                }
            }, stored: "cache_size", isKept: false, help: "Keys; 0 for as many as fit, otherwise 10 at least."),
        Setting(
            "disable_upsert", \.allowsUpsert, as: .inverted, stored: "upsert",
            help: "Whether encrypting with a key that is not there fails."))
}

extension MountSettings {
    /// - Throws: ``StorageError/corrupted(key:)`` for bytes that ``encoded`` never gives.
    init(decoding bytes: [UInt8]) throws {
        guard let settings = (try? JSON(parsing: bytes))?.objectValue.flatMap(Self.settings.read) else {
            throw StorageError.corrupted(key: Self.key)
        }
        self = settings
    }

    var encoded: [UInt8] { Self.settings.stored(self).encoded() }
}
