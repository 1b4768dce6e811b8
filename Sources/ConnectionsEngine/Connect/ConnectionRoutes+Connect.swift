import Crypto
import EngineKit
import Syntax

/// The connect flow: a person is sent to the provider and comes back with a code (RFC 6749, section 4.1; RFC 7636).
extension ConnectionRoutes {
    static let stateSeconds = 600
    private static let pendingMax = 10_000

    var authorize: EnginePath {
        EnginePath(
            "authorize/{platform}", "Begin to connect a platform.",
            details: "Send the person to the answered URL. It is good for ten minutes and for one use.",
            fields: [
                Field("platform", .string, "Such as slack."), Field("owner", .string, required: true, "user:ID or project:ID."),
                Field("environment", .string, default: "prod", "prod when not given."),
                Field("scopes", .strings, "The profile's own when not given."),
            ],
            endpoints: [.update: .init("Make an authorisation URL.", begin)])
    }

    var callback: EnginePath {
        EnginePath(
            "callback", "Where providers send people back to.",
            details: "The state says whose connection it is; it is random, bound to one owner and platform, and used once.",
            fields: [
                Field("state", .string, required: true, "As it was sent."), Field("code", .string, "What tokens are bought with."),
                Field("error", .string, "Why there is none."),
            ],
            access: .unauthenticated, endpoints: [.update: .init("Complete the connection.", complete)])
    }

    private struct Pending {
        var id: ConnectionID
        var verifier: String
        var until: Int
        var actor: String
        var scopes: [String]

        func encoded() -> [UInt8] {
            JSON.object([
                "id": .string(id.description), "verifier": .string(verifier), "until": .int(until), "actor": .string(actor),
                "scopes": .strings(scopes),
            ]).encoded()
        }

        init(id: ConnectionID, verifier: String, until: Int, actor: String, scopes: [String]) {
            self.id = id
            self.verifier = verifier
            self.until = until
            self.actor = actor
            self.scopes = scopes
        }

        init?(decoding bytes: [UInt8]) {
            guard let json = try? JSON(parsing: bytes), let id = json["id"]?.stringValue.flatMap({ ConnectionID(path: $0) }),
                let verifier = json["verifier"]?.stringValue, let until = json["until"]?.intValue
            else { return nil }
            self.init(
                id: id, verifier: verifier, until: until, actor: json["actor"]?.stringValue ?? "",
                scopes: json["scopes"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        }
    }

    /// Records lie in the order of their ends, so old ones are swept from the front.
    private func key(_ until: Int, _ state: String) -> String {
        let digest = SHA256.hash(data: Array(state.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "pending/\(ConnectionStore.Key.bucket(until))/\(digest)"
    }

    private func begin(_ request: Request) async throws -> Response {
        guard let name = Word.folded(request.captures["platform"]) else { throw Self.badPlatform }
        guard let place = Word.folded(request.fields.string("environment") ?? "prod") else { throw Self.badEnvironment }
        let id = ConnectionID(owner: try Owner(request.fields.string("owner") ?? ""), environment: place, platform: name)
        // Beginning to connect is as good as storing.
        guard request.mayAlso(.update, "tokens/\(id)") || request.mayAlso(.create, "tokens/\(id)") else { throw CofferError.denied }
        let profile = try profile(name)
        guard !environment.callbackURL.isEmpty else {
            throw CofferError.invalid("the connect flow needs api_addr, the address that providers send people back to")
        }
        guard profile.auth == .oauth2, !profile.authorizationURL.isEmpty else {
            throw CofferError.invalid("this platform is not connected by OAuth; store its key")
        }
        guard let client = try await refresher.clients.credentials(profile, place) else {
            throw CofferError.invalid("store the platform's client_id and client_secret first")
        }
        let state = Base64URL.encode(randomness.bytes(32))
        let verifier = Base64URL.encode(randomness.bytes(32))
        let scopes = request.fields.strings("scopes") ?? profile.defaultScopes
        let pending = Pending(id: id, verifier: verifier, until: now + Self.stateSeconds, actor: request.actor, scopes: scopes)
        try await sweep()
        var batch = Batch()
        batch.put(key(pending.until, state), pending.encoded())
        try await store.storage.commit(batch)
        var parameters = [("response_type", "code"), ("client_id", client.id), ("redirect_uri", environment.callbackURL)]
        // The end of its life goes with the state, so that its record is found.
        parameters.append(("state", "\(pending.until).\(state)"))
        if !scopes.isEmpty { parameters.append(("scope", scopes.joined(separator: profile.scopeSeparator))) }
        if profile.usesPKCE {
            parameters.append(("code_challenge", Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))))
            parameters.append(("code_challenge_method", "S256"))
        }
        parameters += profile.authorizationParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let query = parameters.map { FormText.encode($0.0) + "=" + FormText.encode($0.1) }.joined(separator: "&")
        let mark = profile.authorizationURL.containsUTF8("?") ? "&" : "?"
        return .data([
            "authorization_url": .string(profile.authorizationURL + mark + query), "expires_in": .int(Self.stateSeconds),
        ])
    }

    private func sweep() async throws {
        let names = try await store.storage.list(Listing(prefix: "pending/", limit: Self.pendingMax, isRecursive: true))
        var batch = Batch()
        for name in names where Int(name.prefixUTF8(12)).map({ $0 < now }) == true { batch.delete("pending/" + name) }
        if !batch.isEmpty { try await store.storage.commit(batch) }
        guard names.count - batch.mutations.count < Self.pendingMax else {
            throw CofferError(.rateLimited, "too many people are connecting; retry in a few minutes")
        }
    }

    private func complete(_ request: Request) async throws -> Response {
        let parts = (request.fields.string("state") ?? "").splitUTF8(at: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].utf8.count <= 12, let until = Int(parts[0]), until >= now else { throw Self.badState }
        let key = key(until, String(parts[1]))
        guard let record = try await store.storage.get(key), let pending = Pending(decoding: record.value), pending.until == until
        else { throw Self.badState }
        // Used once, whatever comes of it.
        var batch = Batch()
        batch.delete(key, if: .version(record.version))
        guard try await store.storage.commitIfUnchanged(batch) else { throw Self.badState }
        let profile = try profile(pending.id.platform)
        guard let code = request.fields.string("code"), (1...4_096).contains(code.utf8.count) else {
            throw ConnectionFailure.error(.invalidRequest, "not_granted", "the provider granted nothing; start again")
        }
        let client = try await refresher.clients.credentials(profile, pending.id.environment)
        let endpoint = TokenEndpoint(outbound: environment.outbound, time: time, randomness: randomness)
        let outcome = await endpoint.exchange(
            profile, client, code: code, verifier: profile.usesPKCE ? pending.verifier : nil, redirect: environment.callbackURL)
        guard case .granted(let answer) = outcome else {
            throw ConnectionFailure.error(.invalidRequest, "exchange_failed", "the provider did not give a token; start again")
        }
        var grant = Grant(kind: .oauth, accessToken: answer.accessToken, storedAt: now)
        grant.refreshToken = answer.refreshToken
        grant.tokenType = answer.tokenType ?? grant.tokenType
        grant.lifetime = answer.lifetime
        grant.expiresAt = answer.lifetime.map { now + $0 }
        grant.scopes = answer.scopes ?? pending.scopes
        grant.metadata = answer.kept
        grant.metadata["stored_by"] = pending.actor
        _ = try await keep(grant, pending.id, profile)
        counters.count(.stored, profile.name, at: time.now())
        event(.info, .stored, "connection made", pending.id, request)
        return .data(["connected": true, "platform": .string(profile.name), "display_name": .string(profile.displayName)])
    }

    private static let badState = ConnectionFailure.error(
        .invalidRequest, "bad_state", "this link was used already, is older than ten minutes, or is not ours; start again")
}
