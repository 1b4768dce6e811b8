import EngineKit
import Syntax

/// The routes for platforms and their client credentials.
extension ConnectionsEngine {
    private static let clientFields = [
        Field("name", .string, "The platform."),
        Field("environment", .string, "The environment that the credentials are for; all environments by default."),
        Field("client_id", .string, "The client id from the provider's developer console."),
        Field("client_secret", .string, "The client secret. It is never returned."),
        Field("private_key", .string, "The private key in PEM, for platforms that use private_key_jwt. It is never returned."),
    ]

    /// `platforms`: lists the known platforms.
    var platforms: EnginePath {
        EnginePath("platforms", "List the known platforms.", fields: Paging.fields, allowsFolder: true)
            .listing("List platforms.") { try .keys(Paging($0.fields).page(of: environment.catalog.names)) }
    }

    /// `platforms/{name}`: a platform's profile and its client credentials.
    var platform: EnginePath {
        EnginePath("platforms/{name}", "Read a platform's profile, and manage its client credentials.", fields: Self.clientFields)
            .reading("Read the profile and the environments that have credentials.", readPlatform)
            .updatingWithoutAnswer("Store the client id and secret.", writePlatform)
            .deleting("Delete the client id and secret.", deletePlatform)
    }

    /// `platforms/{name}/{environment}`: the same for one environment, in a path that policies can grant separately.
    var platformClient: EnginePath {
        EnginePath(
            "platforms/{name}/{environment}", "Manage a platform's client credentials for one environment.",
            fields: Self.clientFields
        )
        .reading("Read the client id.", readPlatform)
        .updatingWithoutAnswer("Store the client id and secret.", writePlatform)
        .deleting("Delete the client id and secret.", deletePlatform)
    }

    /// Returns the profile and the environment (nil for all) that the request names. A caller that writes either in upper case
    /// needs the right to the lower-case path too.
    private func named(_ request: Request) throws(CofferError) -> (profile: PlatformProfile, place: String?) {
        guard let name = Slug.folded(request.captures["name"]) else { throw Self.badPlatform }
        let sent = request.fields.string("environment").flatMap { $0.isEmpty ? nil : $0 }
        let place = sent.flatMap(Slug.folded)
        guard (sent == nil) == (place == nil) else { throw Self.badEnvironment }
        if name != request.captures["name"] || place != sent {
            let path = request.captures["environment"].isEmpty ? "platforms/\(name)" : "platforms/\(name)/\(place ?? "")"
            guard request.mayAlso(request.operation, path) else { throw .denied }
        }
        return (try profile(name), place)
    }

    private func readPlatform(_ request: Request) async throws -> Response {
        let (profile, place) = try named(request)
        var shown: JSONObject = [
            "name": .string(profile.name), "display_name": .string(profile.displayName), "auth": .string(profile.auth.rawValue),
            "docs": .string(profile.docs), "categories": .strings(profile.categories),
            "default_scopes": .strings(profile.defaultScopes), "allowed_hosts": .strings(profile.allowedHosts),
            "configured": .strings(try await refresher.clients.places(profile.name).map { $0 == ClientStore.anywhere ? "*" : $0 }),
        ]
        if let client = try await refresher.clients.read(profile.name, place) { shown["client_id"] = .string(client.id) }
        return .data(shown)
    }

    private func writePlatform(_ request: Request) async throws {
        let (profile, place) = try named(request)
        guard let id = request.fields.string("client_id"), (1...512).contains(id.utf8.count) else {
            throw CofferError.invalid("missing field 'client_id'")
        }
        let secret = request.fields.text("client_secret")
        let key = request.fields.text("private_key")
        guard secret.utf8.count <= 4_096, key.utf8.count <= 16_384 else {
            throw CofferError.invalid("the client secret or private key is too long")
        }
        // A secret left empty by mistake would otherwise be noticed only when the provider refuses it.
        switch profile.tokenAuthMethod {
        case .basic, .post:
            let needsOne = profile.isRefreshable && profile.auth != .apiKey
            guard !needsOne || !secret.isEmpty else { throw CofferError.invalid("missing field 'client_secret'") }
        case .privateKey: guard !key.isEmpty else { throw CofferError.invalid("missing field 'private_key'") }
        case .none: break
        }
        try await refresher.clients.write(
            ClientCredentials(id: id, secret: secret, privateKey: key), platform: profile.name, environment: place)
    }

    private func deletePlatform(_ request: Request) async throws {
        let (profile, place) = try named(request)
        try await refresher.clients.delete(profile.name, place)
    }
}
