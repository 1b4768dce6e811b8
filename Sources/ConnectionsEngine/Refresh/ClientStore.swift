import EngineKit
import Syntax

/// The client ids and secrets of platforms, stored for one environment or for all of them.
struct ClientStore: Sendable {
    let storage: any Storage
    let catalog: PlatformCatalog

    /// The path segment that means all environments.
    static let anywhere = "-"

    /// Returns the key of a platform's credentials in an environment; nil means all environments.
    static func key(_ platform: String, _ environment: String?) -> String { "platform/\(platform)/\(environment ?? anywhere)" }

    /// Returns the credentials for a platform in an environment, or nil if none are stored.
    ///
    /// Those of the environment come before those of all environments. A platform that has none uses those of the platform that
    /// its profile names in `credentials_of`.
    func credentials(_ profile: PlatformProfile, _ environment: String) async throws(StorageError) -> ClientCredentials? {
        for name in profile.clientName == profile.name ? [profile.name] : [profile.name, profile.clientName] {
            for place in [environment, nil] {
                if let found = try await read(name, place) { return found }
            }
        }
        return nil
    }

    /// Returns the credentials stored for exactly this platform and environment, or nil if there are none.
    func read(_ platform: String, _ environment: String?) async throws(StorageError) -> ClientCredentials? {
        let key = Self.key(platform, environment)
        guard let record = try await storage.get(key) else { return nil }
        guard let json = try? JSON(parsing: record.value), let id = json["client_id"]?.stringValue else {
            throw .corrupted(key: key)
        }
        return ClientCredentials(
            id: id, secret: json["client_secret"]?.stringValue ?? "", privateKey: json["private_key"]?.stringValue ?? "")
    }

    /// Stores credentials, in place of any that were there.
    func write(_ credentials: ClientCredentials, platform: String, environment: String?) async throws(StorageError) {
        let object: JSONObject = [
            "client_id": .string(credentials.id), "client_secret": .string(credentials.secret),
            "private_key": .string(credentials.privateKey),
        ]
        try await storage.put(Self.key(platform, environment), object.encoded())
    }

    /// Returns the environments that have credentials, with ``anywhere`` for those of all environments.
    func places(_ platform: String) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: "platform/\(platform)/", limit: 1_000))
    }

    /// Deletes credentials. Deleting none is not an error.
    func delete(_ platform: String, _ environment: String?) async throws(StorageError) {
        try await storage.delete(Self.key(platform, environment))
    }
}
