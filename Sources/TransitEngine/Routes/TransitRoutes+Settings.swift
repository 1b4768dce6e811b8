import EngineKit
import Records
import Syntax

/// `cache-config` and `config/keys`.
extension TransitRoutes {
    var settingsPaths: [EnginePath] { [cacheConfig, keysConfig] }

    private var cacheConfig: EnginePath {
        EnginePath(
            "cache-config", "How many keys are kept open.", fields: MountSettings.settings.fields("size"),
            endpoints: [
                .read: .init("Show it.", changesNothing: true) { _ in
                    .data(["size": .int(try await store.mountSettings().cacheSize)])
                },
                .update: .init("Set it.") { request in
                    try await store.changeMountSettings { try $0.update(request.fields) }
                    return .empty
                },
            ])
    }

    private var keysConfig: EnginePath {
        EnginePath(
            "config/keys", "What holds for all keys of the mount.", fields: MountSettings.settings.fields("disable_upsert"),
            endpoints: [
                .read: .init("Show it.", changesNothing: true) { _ in shownUpsert(try await store.mountSettings()) },
                .update: .init("Set it.") { request in
                    shownUpsert(try await store.changeMountSettings { try $0.update(request.fields) })
                },
            ])
    }

    private func shownUpsert(_ settings: MountSettings) -> Response { .data(["disable_upsert": .bool(!settings.allowsUpsert)]) }
}
