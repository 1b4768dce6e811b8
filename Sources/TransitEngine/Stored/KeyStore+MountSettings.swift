import EngineKit
import Records

extension KeyStore {
    func mountSettings() async throws -> MountSettings { try await storedSettings().settings }

    /// In force at once, and from then on at every opening of the mount.
    @discardableResult
    func changeMountSettings(_ body: (inout MountSettings) throws -> Void) async throws -> MountSettings {
        // No key has such a name.
        try await lines.inTurn("/" + MountSettings.key) {
            let settings = try await storage.transact { batch in
                var (settings, record) = try await storedSettings()
                try body(&settings)
                batch.put(MountSettings.key, settings.encoded, if: .init(unchanged: record))
                return settings
            }
            limitCache(to: settings.cacheSize)
            return settings
        }
    }

    private func storedSettings() async throws -> (settings: MountSettings, record: StoredRecord?) {
        guard let record = try await storage.get(MountSettings.key) else { return (MountSettings(), nil) }
        return (try MountSettings(decoding: record.value), record)
    }
}
