import EngineKit
import Syntax

/// The settings of a mount, which the paths `cache-config` and `config/keys` change.
struct MountSettings: Sendable, Hashable {
    /// The number of keys to cache, or 0 for as many as fit.
    var cacheSize = 0
    /// Whether encrypting with a key that does not exist makes it.
    var allowsUpsert = true

    static let key = "settings"

    init() {}

    /// Throws if the record is damaged.
    init(decoding bytes: [UInt8]) throws {
        guard let object = (try? JSON(parsing: bytes))?.objectValue, let size = object["cache_size"]?.intValue,
            let allowed = object["upsert"]?.boolValue
        else { throw StorageError.corrupted(key: Self.key) }
        cacheSize = size
        allowsUpsert = allowed
    }

    var encoded: [UInt8] {
        let object: JSONObject = ["cache_size": .int(cacheSize), "upsert": .bool(allowsUpsert)]
        return object.encoded()
    }
}
