import EngineKit
import Records
import Syntax

/// The routes `cache-config` and `config/keys`.
extension TransitEngine {
    var settingsPaths: [EnginePath] { [cacheConfig, keysConfig] }

    private var cacheConfig: EnginePath {
        EnginePath("cache-config", "Bounds the cache of keys.", fields: MountSettings.settings.fields("size"))
            .reading("Show the setting.") { _ in .data(["size": .int(try await store.mountSettings().cacheSize)]) }
            .updatingWithoutAnswer("Change the setting.") { request in
                try await store.changeMountSettings { try $0.update(request.fields) }
            }
    }

    private var keysConfig: EnginePath {
        EnginePath("config/keys", "Configures all keys of the mount.", fields: MountSettings.settings.fields("disable_upsert"))
            .reading("Show the setting.") { _ in shownUpsert(try await store.mountSettings()) }
            .updating("Change the setting.") { request in
                shownUpsert(try await store.changeMountSettings { try $0.update(request.fields) })
            }
    }

    private func shownUpsert(_ settings: MountSettings) -> Response { .data(["disable_upsert": .bool(!settings.allowsUpsert)]) }
}
