import EngineKit
import Records

extension KVVersion2Engine {
    var settings: EnginePath {
        EnginePath("config", "Configures all secrets of the mount.", fields: MountSettings.settings.fields)
            .reading("Read the settings of the mount.") { _ in .data(try await secrets.settings().shown) }
            .updatingWithoutAnswer("Change the settings of the mount; fields that are not sent keep their values.") { request in
                guard MountSettings.settings.areSent(in: request.fields) else { return }
                try await secrets.editSettings { settings throws(CofferError) in try settings.update(request.fields) }
            }
    }
}
