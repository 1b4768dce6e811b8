import EngineKit
import Syntax

/// What a mount's own paths set, `cache-config` and `config/keys`.
struct MountSettings: Sendable, Hashable {
    /// 0 means as many as fit.
    var cacheSize = 0
    var allowsUpsert = true

    static let key = "settings"

    init() {}

    /// Throws what says that the record is damaged.
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
