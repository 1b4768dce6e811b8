import EngineKit
import Syntax

/// `cache-config` and `config/keys`.
extension TransitEngine {
    var settingsPaths: [EnginePath] { [cacheConfig, keysConfig] }

    private static let cacheSizeMin = 10

    private var cacheConfig: EnginePath {
        EnginePath(
            "cache-config", "Bounds the cache of keys.",
            fields: [Field("size", .int, default: 0, "The number of keys: 10 at least, or 0 for as many as fit.")],
            endpoints: [
                .read: .init("Show the setting.", changesNothing: true) { _ in
                    .data(["size": .int(try await store.mountSettings().cacheSize)])
                },
                .update: .init("Change the setting.") { request in
                    let size = request.fields.int("size") ?? 0
                    guard size == 0 || size >= Self.cacheSizeMin else {
                        throw CofferError.invalid("size must be 0 or a value greater or equal to \(Self.cacheSizeMin)")
                    }
                    try await store.changeMountSettings { $0.cacheSize = size }
                    return .empty
                },
            ])
    }

    private var keysConfig: EnginePath {
        EnginePath(
            "config/keys", "Configures all keys of the mount.",
            fields: [Field("disable_upsert", .bool, "Whether encrypting with a key that does not exist is refused.")],
            endpoints: [
                .read: .init("Show the setting.", changesNothing: true) { _ in
                    .data(["disable_upsert": .bool(!(try await store.mountSettings().allowsUpsert))])
                },
                .update: .init("Change the setting.") { request in
                    let settings = try await store.changeMountSettings { settings in
                        if let disabled = request.fields.bool("disable_upsert") { settings.allowsUpsert = !disabled }
                    }
                    return .data(["disable_upsert": .bool(!settings.allowsUpsert)])
                },
            ])
    }
}
