import EngineKit
import Syntax

/// The client ids and secrets of platforms, for every environment or for one.
struct ClientStore: Sendable {
    let storage: any Storage
    let catalog: PlatformCatalog

    /// Stands for every environment.
    static let anywhere = "-"

    static func key(_ platform: String, _ environment: String?) -> String { "platform/\(platform)/\(environment ?? anywhere)" }

    /// Those of the environment, then those of every environment; a platform without its own uses those it names.
    func credentials(_ profile: PlatformProfile, _ environment: String) async throws(StorageError) -> ClientCredentials? {
        for name in profile.clientName == profile.name ? [profile.name] : [profile.name, profile.clientName] {
            for place in [environment, nil] {
                if let found = try await read(name, place) { return found }
            }
        }
        return nil
    }

    func read(_ platform: String, _ environment: String?) async throws(StorageError) -> ClientCredentials? {
        let key = Self.key(platform, environment)
        guard let record = try await storage.get(key) else { return nil }
        guard let json = try? JSON(parsing: record.value), let id = json["client_id"]?.stringValue else {
            throw .corrupted(key: key)
        }
        return ClientCredentials(
            id: id, secret: json["client_secret"]?.stringValue ?? "", privateKey: json["private_key"]?.stringValue ?? "")
    }

    func write(_ credentials: ClientCredentials, _ platform: String, _ environment: String?) async throws(StorageError) {
        let object: JSONObject = [
            "client_id": .string(credentials.id), "client_secret": .string(credentials.secret),
            "private_key": .string(credentials.privateKey),
        ]
        var batch = Batch()
        batch.put(Self.key(platform, environment), object.encoded())
        try await storage.commit(batch)
    }

    /// The environments that have credentials of their own; ``anywhere`` for those of all.
    func places(_ platform: String) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: "platform/\(platform)/", limit: 1_000))
    }

    func delete(_ platform: String, _ environment: String?) async throws(StorageError) {
        var batch = Batch()
        batch.delete(Self.key(platform, environment))
        try await storage.commit(batch)
    }
}
