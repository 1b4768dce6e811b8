import EngineKit
import Syntax

/// `cache-config` and `config/keys`.
extension TransitRoutes {
    var settingsPaths: [EnginePath] { [cacheConfig, keysConfig] }

    static let settingsKey = "settings"

    /// What a mount's own paths set.
    struct MountSettings: Sendable, Hashable {
        /// 0 means as many as fit.
        var cacheSize = 0
        var allowsUpsert = true
    }

    func mountSettings() async throws -> MountSettings {
        try await storedSettings().settings
    }

    private func storedSettings() async throws -> (settings: MountSettings, record: StoredRecord?) {
        guard let record = try await store.storage.get(Self.settingsKey) else { return (MountSettings(), nil) }
        guard let object = (try? JSON(parsing: record.value))?.objectValue, let size = object["cache_size"]?.intValue,
            let allowed = object["upsert"]?.boolValue
        else { throw StorageError.corrupted(key: Self.settingsKey) }
        return (MountSettings(cacheSize: size, allowsUpsert: allowed), record)
    }

    private func change(_ body: (inout MountSettings) -> Void) async throws -> MountSettings {
        for _ in 0..<16 {
            var (settings, record) = try await storedSettings()
            body(&settings)
            let object: JSONObject = ["cache_size": .int(settings.cacheSize), "upsert": .bool(settings.allowsUpsert)]
            var batch = Batch()
            batch.put(Self.settingsKey, object.encoded(), if: .init(unchanged: record))
            if try await store.storage.commitIfUnchanged(batch) { return settings }
        }
        throw CofferError(.conflict, "the settings are changing too often; retry")
    }

    private static let cacheSizeMin = 10

    private var cacheConfig: EnginePath {
        EnginePath(
            "cache-config", "How many keys are kept open.",
            fields: [Field("size", .int, default: 0, "Keys; 0 for as many as fit, otherwise 10 at least.")],
            endpoints: [
                .read: .init("Show it.", changesNothing: true) { _ in
                    .data(["size": .int(try await mountSettings().cacheSize)])
                },
                .update: .init("Set it.") { [store] request in
                    let size = request.fields.int("size") ?? 0
                    guard size == 0 || size >= Self.cacheSizeMin else {
                        throw CofferError.invalid("size must be 0 or a value greater or equal to \(Self.cacheSizeMin)")
                    }
                    store.limitCache(to: try await change { $0.cacheSize = size }.cacheSize)
                    return .empty
                },
            ])
    }

    private var keysConfig: EnginePath {
        EnginePath(
            "config/keys", "What holds for all keys of the mount.",
            fields: [Field("disable_upsert", .bool, "Whether encrypting with a key that is not there fails.")],
            endpoints: [
                .read: .init("Show it.", changesNothing: true) { _ in
                    .data(["disable_upsert": .bool(!(try await mountSettings().allowsUpsert))])
                },
                .update: .init("Set it.") { request in
                    let settings = try await change { settings in
                        if let disabled = request.fields.bool("disable_upsert") { settings.allowsUpsert = !disabled }
                    }
                    return .data(["disable_upsert": .bool(!settings.allowsUpsert)])
                },
            ])
    }
}
