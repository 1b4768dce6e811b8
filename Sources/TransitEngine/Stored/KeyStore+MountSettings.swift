import EngineKit
import Records

extension KeyStore {
    /// Returns the settings of the mount.
    func mountSettings() async throws -> MountSettings { try await storedSettings().settings }

    /// Changes the settings of the mount, which take effect at once.
    @discardableResult
    func changeMountSettings(_ body: (inout MountSettings) throws -> Void) async throws -> MountSettings {
        // No key can have this name.
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
