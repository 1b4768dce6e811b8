import EngineKit
import Syntax

/// Platforms and their client credentials.
extension ConnectionRoutes {
    private static let client = [
        Field("name", .string, "The platform."),
        Field("environment", .string, "Where these are for; every environment when not given."),
        Field("client_id", .string, "From the provider's developer console."),
        Field("client_secret", .string, "Never answered back."),
        Field("private_key", .string, "PEM, for platforms with private_key_jwt. Never answered back."),
    ]

    var platforms: EnginePath {
        EnginePath(
            "platforms", "The platforms that are known.", fields: Paging.fields, allowsFolder: true,
            endpoints: [
                .list: .init("List platforms.", changesNothing: true) { request in
                    try .keys(Paging(request.fields).page(of: environment.catalog.names))
                }
            ])
    }

    var platform: EnginePath {
        EnginePath(
            "platforms/{name}", "A platform's profile and its client credentials.", fields: Self.client,
            endpoints: [
                .read: .init("The profile, and for which environments there are credentials.", changesNothing: true, readPlatform),
                .update: .init("Store client id and secret.", writePlatform),
                .delete: .init("Forget client id and secret.", deletePlatform),
            ])
    }

    /// The same for one environment, for policies that tell them apart.
    var platformClient: EnginePath {
        EnginePath(
            "platforms/{name}/{environment}", "A platform's client credentials in one environment.", fields: Self.client,
            endpoints: [
                .read: .init("Client id, without its secret.", changesNothing: true, readPlatform),
                .update: .init("Store client id and secret.", writePlatform),
                .delete: .init("Forget client id and secret.", deletePlatform),
            ])
    }

    private func named(_ request: Request) throws(CofferError) -> (profile: PlatformProfile, place: String?) {
        guard let name = Word.folded(request.captures["name"]) else { throw Self.badPlatform }
        let sent = request.fields.string("environment").flatMap { $0.isEmpty ? nil : $0 }
        let place = sent.flatMap(Word.folded)
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

    private func writePlatform(_ request: Request) async throws -> Response {
        let (profile, place) = try named(request)
        guard let id = request.fields.string("client_id"), (1...512).contains(id.utf8.count) else {
            throw CofferError.invalid("missing field 'client_id'")
        }
        let secret = request.fields.string("client_secret") ?? ""
        let key = request.fields.string("private_key") ?? ""
        guard secret.utf8.count <= 4_096, key.utf8.count <= 16_384 else {
            throw CofferError.invalid("the client secret or private key is too long")
        }
        // One that is sent empty by mistake would be sent to the provider as one.
        switch profile.tokenAuthMethod {
        case .basic, .post:
            let needsOne = profile.isRefreshable && profile.auth != .apiKey
            guard !needsOne || !secret.isEmpty else { throw CofferError.invalid("missing field 'client_secret'") }
        case .privateKey: guard !key.isEmpty else { throw CofferError.invalid("missing field 'private_key'") }
        case .none: break
        }
        try await refresher.clients.write(ClientCredentials(id: id, secret: secret, privateKey: key), profile.name, place)
        return .empty
    }

    private func deletePlatform(_ request: Request) async throws -> Response {
        let (profile, place) = try named(request)
        try await refresher.clients.delete(profile.name, place)
        return .empty
    }
}
