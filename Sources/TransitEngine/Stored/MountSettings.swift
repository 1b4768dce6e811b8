import EngineKit
import Records
import Syntax

/// The settings of a mount, which the paths `cache-config` and `config/keys` change.
struct MountSettings: Sendable, Hashable {
    /// The number of keys to cache, or 0 for as many as there is room for.
    var cacheSize = 0
    /// Whether encrypting with a key that does not exist creates it.
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
            }, stored: "cache_size", isKept: false, help: "The number of keys: 10 at least, or 0 for as many as fit."),
        Setting(
            "disable_upsert", \.allowsUpsert, as: .inverted, stored: "upsert",
            help: "Whether encrypting with a key that does not exist is refused."))
}

extension MountSettings {
    /// Reads a record.
    ///
    /// - Throws: ``StorageError/corrupted(key:)`` if the record is damaged.
    init(decoding bytes: [UInt8]) throws {
        guard let settings = (try? JSON(parsing: bytes))?.objectValue.flatMap(Self.settings.read) else {
            throw StorageError.corrupted(key: Self.key)
        }
        self = settings
    }

    var encoded: [UInt8] { Self.settings.stored(self).encoded() }
}
