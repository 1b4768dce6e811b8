import EngineKit
import Syntax

/// `cache-config` and `config/keys`.
extension TransitRoutes {
    var settingsPaths: [EnginePath] { [cacheConfig, keysConfig] }

    private static let cacheSizeMin = 10

    private var cacheConfig: EnginePath {
        EnginePath(
            "cache-config", "How many keys are kept open.",
            fields: [Field("size", .int, default: 0, "Keys; 0 for as many as fit, otherwise 10 at least.")],
            endpoints: [
                .read: .init("Show it.", changesNothing: true) { _ in
                    .data(["size": .int(try await store.mountSettings().cacheSize)])
                },
                .update: .init("Set it.") { request in
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
            "config/keys", "What holds for all keys of the mount.",
            fields: [Field("disable_upsert", .bool, "Whether encrypting with a key that is not there fails.")],
            endpoints: [
                .read: .init("Show it.", changesNothing: true) { _ in
                    .data(["disable_upsert": .bool(!(try await store.mountSettings().allowsUpsert))])
                },
                .update: .init("Set it.") { request in
                    let settings = try await store.changeMountSettings { settings in
                        if let disabled = request.fields.bool("disable_upsert") { settings.allowsUpsert = !disabled }
                    }
                    return .data(["disable_upsert": .bool(!settings.allowsUpsert)])
                },
            ])
    }
}
