import EngineKit
import Records
import Syntax

/// The routes `cache-config` and `config/keys`.
extension TransitEngine {
    var settingsPaths: [EnginePath] { [cacheConfig, keysConfig] }

    private var cacheConfig: EnginePath {
        EnginePath(
            "cache-config", "Bounds the cache of keys.", fields: MountSettings.settings.fields("size"),
            endpoints: [
                .read: .init("Show the setting.", changesNothing: true) { _ in
                    .data(["size": .int(try await store.mountSettings().cacheSize)])
                },
                .update: .init("Change the setting.") { request in
                    try await store.changeMountSettings { try $0.update(request.fields) }
                    return .empty
                },
            ])
    }

    private var keysConfig: EnginePath {
        EnginePath(
            "config/keys", "Configures all keys of the mount.", fields: MountSettings.settings.fields("disable_upsert"),
            endpoints: [
                .read: .init("Show the setting.", changesNothing: true) { _ in shownUpsert(try await store.mountSettings()) },
                .update: .init("Change the setting.") { request in
                    shownUpsert(try await store.changeMountSettings { try $0.update(request.fields) })
                },
            ])
    }

    private func shownUpsert(_ settings: MountSettings) -> Response { .data(["disable_upsert": .bool(!settings.allowsUpsert)]) }
}
