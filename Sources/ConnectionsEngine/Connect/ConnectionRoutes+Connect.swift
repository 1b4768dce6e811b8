import Crypto
import EngineKit
import SecretMemory
import Syntax

/// The connect flow: a person is sent to the provider and comes back with a code (RFC 6749, section 4.1; RFC 7636).
///
/// The link that a platform gets leads to Coffer first. Whoever opens it gets a secret into the browser, and only that
/// browser can come back: a link that was opened elsewhere connects nobody (RFC 6819, sections 4.4.1.7 and 4.4.1.8).
extension ConnectionRoutes {
    static let stateSeconds = 600
    /// Of one engine or user at a time; more wait for others to come back or to give up.
    static let pendingMax = 10_000
    /// Of all together: what a store full of them may take up.
    static let pendingOfAllMax = 100_000

    var authorize: EnginePath {
        EnginePath(
            "authorize/{platform}", "Begin to connect a platform.",
            details: """
                Send the person to the answered URL, which leads to the provider. It is good for ten minutes, for one use and for \
                the browser that opens it first. At the provider, register the answered `redirect_uri`.
                """,
            fields: [
                Field("platform", .string, "Such as slack."), Field("owner", .string, required: true, "user:ID or project:ID."),
                Field("environment", .string, default: "prod", "prod when not given."),
                Field("scopes", .strings, "The profile's own when not given."),
            ],
            endpoints: [.update: .init("Make an authorisation URL.", begin)])
    }

    var start: EnginePath {
        EnginePath(
            "start", "Where people set out for a provider from; served to browsers as `/oauth/start`.",
            fields: [
                Field("state", .string, required: true, "From the authorisation URL."),
                Field("browser", .string, "What this browser was given before."), plainBrowser,
            ],
            access: .unauthenticated, endpoints: [.update: .init("Bind the connection to this browser.", setOut)])
    }

    var callback: EnginePath {
        EnginePath(
            "callback", "Where providers send people back to; served to browsers as `/oauth/callback`.",
            details: """
                The state says whose connection it is; it is random, bound to one owner, platform and browser, and used once.
                """,
            fields: [
                Field("state", .string, required: true, "As it was sent."), Field("code", .string, "What tokens are bought with."),
                Field("error", .string, "Why there is none."),
                Field("browser", .string, "What the browser was given at the start."), plainBrowser,
            ],
            access: .unauthenticated, endpoints: [.update: .init("Complete the connection.", complete)])
    }

    private var plainBrowser: Field {
        Field("browser_plain", .string, "The same from a cookie without protection, which counts where api_addr is not https.")
    }

    // MARK: Beginning

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
        guard try await refresher.clients.credentials(profile, place) != nil else {
            throw CofferError.invalid("store the platform's client_id and client_secret first")
        }
        let state = ConnectState(
            until: now + Self.stateSeconds, starter: ConnectState.tag(request.actor),
            secret: Base64.encode(randomness.bytes(32), as: .url)
        )
        let pending = PendingConnect(
            id: id, verifier: Base64.encode(randomness.bytes(32), as: .url), until: state.until, actor: request.actor,
            scopes: request.fields.strings("scopes") ?? profile.defaultScopes)
        try await makeRoom(for: state.starter)
        var batch = Batch()
        batch.put(state.key, pending.encoded(), if: .absent)
        try await store.storage.commit(batch)
        return .data([
            "authorization_url": .string("\(environment.startURL)?state=\(PercentEncoding.component(state.text))"),
            "redirect_uri": .string(environment.callbackURL), "expires_in": .int(Self.stateSeconds),
        ])
    }

    /// One engine's people do not keep those of another one waiting.
    private func makeRoom(for starter: String) async throws {
        let prefix = ConnectState.prefix(starter)
        let names = try await store.storage.list(Listing(prefix: prefix, limit: Self.pendingMax, isRecursive: true))
        if names.count >= Self.pendingMax {
            var batch = Batch()
            for name in names where ConnectState.end(starter + "/" + name).map({ $0 < now }) ?? true { batch.delete(prefix + name) }
            guard !batch.isEmpty else {
                // Names are in the order of their ends, so the first makes room first.
                throw Self.tooMany(seconds: (names.first.flatMap { ConnectState.end(starter + "/" + $0) } ?? now) + 1 - now)
            }
            try await store.storage.commit(batch)
        }
        guard pendingCount.mayAddOne() else { throw Self.tooMany(seconds: PendingSweep.seconds) }
    }

    private static func tooMany(seconds: Int) -> CofferError {
        var error = CofferError(.rateLimited, "too many people are connecting; retry in a few minutes")
        error.retryAfter = max(seconds, 1)
        return error
    }

    // MARK: Setting out

    private func setOut(_ request: Request) async throws -> Response {
        guard let (state, pending, version) = try await find(request) else { throw Self.badState }
        let profile = try profile(pending.id.platform)
        guard !environment.callbackURL.isEmpty,
            let client = try await refresher.clients.credentials(profile, pending.id.environment)
        else { throw Self.badState }
        let held = self.browser(request).flatMap { Self.isBrowserSecret($0) ? $0 : nil }
        // A browser that has a secret already keeps it: two links may be under way in it. A plain cookie is made for one link
        // and proves nothing before that, since anybody may have planted it.
        let kept = environment.isSecure || !pending.browser.isEmpty ? held : nil
        let browser = kept ?? Base64.encode(randomness.bytes(32), as: .url)
        if pending.browser.isEmpty {
            var bound = pending
            bound.browser = binding(browser, request)
            var batch = Batch()
            batch.put(state.key, bound.encoded(), if: .version(version))
            guard try await store.storage.commitIfUnchanged(batch) else { throw Self.badState }
        } else if !Self.isSame(pending.browser, binding(browser, request)) {
            throw Self.otherBrowser
        }
        return .data([
            "location": .string(authorizationURL(profile, client, state, pending)), "browser": .string(browser),
            "max_age": .int(max(state.until - now, 1)), "is_secure": .bool(environment.isSecure),
        ])
    }

    private func authorizationURL(
        _ profile: PlatformProfile, _ client: ClientCredentials, _ state: ConnectState, _ pending: PendingConnect
    ) -> String {
        var parameters = [
            ("response_type", "code"), ("client_id", client.id), ("redirect_uri", environment.callbackURL), ("state", state.text),
        ]
        if !pending.scopes.isEmpty { parameters.append(("scope", pending.scopes.joined(separator: profile.scopeSeparator))) }
        if profile.usesPKCE {
            parameters.append(("code_challenge", Base64.encode(Array(SHA256.hash(data: Array(pending.verifier.utf8))), as: .url)))
            parameters.append(("code_challenge_method", "S256"))
        }
        parameters += profile.authorizationParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let mark = profile.authorizationURL.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return profile.authorizationURL + mark + PercentEncoding.form(parameters)
    }

    // MARK: Coming back

    private func complete(_ request: Request) async throws -> Response {
        guard let (state, pending, version) = try await find(request) else { throw Self.badState }
        // Before it is used up, so that nobody else can use up a person's link.
        guard let browser = browser(request), !pending.browser.isEmpty,
            Self.isSame(pending.browser, binding(browser, request))
        else { throw Self.otherBrowser }
        // Used once, whatever comes of it.
        var batch = Batch()
        batch.delete(state.key, if: .version(version))
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
        _ = try await keep(grant(answer, pending), pending.id, profile)
        counters.count(.stored, profile.name, at: time.now())
        event(.info, .stored, "connection made", pending.id, request)
        return .data(["connected": true, "platform": .string(profile.name), "display_name": .string(profile.displayName)])
    }

    private func grant(_ answer: TokenAnswer, _ pending: PendingConnect) -> Grant {
        var grant = Grant(kind: .oauth, accessToken: answer.accessToken, storedAt: now)
        grant.refreshToken = answer.refreshToken
        grant.tokenType = answer.tokenType ?? grant.tokenType
        grant.lifetime = answer.lifetime == 0 ? nil : answer.lifetime
        grant.expiresAt = answer.lifetime.map { now + $0 }
        grant.scopes = answer.scopes ?? pending.scopes
        grant.metadata = answer.kept
        grant.metadata["stored_by"] = pending.actor
        return grant
    }

    // MARK: Parts

    private func find(_ request: Request) async throws -> (ConnectState, PendingConnect, version: UInt64)? {
        guard let state = ConnectState(request.fields.string("state") ?? ""), state.until >= now,
            let record = try await store.storage.get(state.key), let pending = PendingConnect(decoding: record.value),
            pending.until == state.until
        else { return nil }
        return (state, pending, record.version)
    }

    /// Over https a browser is known by the cookie that only this host can have set: the plain one may have been planted by a
    /// neighbour under the same domain, or on the way. Without https there is the plain one alone.
    private func browser(_ request: Request) -> String? {
        request.fields.string(environment.isSecure ? "browser" : "browser_plain")
    }

    /// What a link is bound to. A secret that could be planted counts only from the address that it was given to.
    private func binding(_ secret: String, _ request: Request) -> String {
        PendingConnect.digest(environment.isSecure ? secret : secret + "\0" + request.connection.remoteAddress)
    }

    private static func isBrowserSecret(_ text: String) -> Bool {
        text.utf8.count == 43
            && text.utf8.allSatisfy { byte in
                byte.isASCIILetterOrDigit || "-_".utf8.contains(byte)
            }
    }

    private static func isSame(_ left: String, _ right: String) -> Bool { constantTimeEqual(Array(left.utf8), Array(right.utf8)) }

    private static let badState = ConnectionFailure.error(
        .invalidRequest, "bad_state", "this link was used already, is older than ten minutes, or is not ours; start again")

    private static let otherBrowser = ConnectionFailure.error(
        .invalidRequest, "other_browser",
        "this link was opened in another browser, or this browser keeps no cookies; start again in the browser that you began in")
}
