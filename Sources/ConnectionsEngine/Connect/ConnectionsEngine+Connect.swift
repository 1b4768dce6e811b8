import Crypto
import EngineKit
import SecretMemory
import Syntax

/// The connect flow: a person is sent to the provider's consent page and comes back with an authorization code (RFC 6749,
/// section 4.1; PKCE: RFC 7636).
///
/// The link that a platform receives leads to Coffer first. The browser that opens it is given a secret, and only that browser
/// can complete the connection. A link that was opened in another browser connects nobody (RFC 6819, sections 4.4.1.7 and
/// 4.4.1.8).
extension ConnectionsEngine {
    /// How long an authorization link can be used.
    static let stateSeconds = 600
    /// How many connects one engine or user may have pending. Further ones are refused until others are completed or expire.
    static let pendingMax = 10_000
    /// How many connects may be pending in the whole mount, which bounds the storage that they take.
    static let pendingOfAllMax = 100_000

    /// `authorize/{platform}`: begins the connect flow.
    var authorize: EnginePath {
        EnginePath(
            "authorize/{platform}", "Start connecting a platform.",
            details: """
                Send the person to the returned URL, which leads to the provider. It can be used once, within ten minutes, and only \
                in the browser that opens it first. Register the returned `redirect_uri` with the provider.
                """,
            fields: [
                Field("platform", .string, "The platform, such as slack."),
                Field("owner", .string, required: true, "The owner of the connection: user:ID or project:ID."),
                Field("environment", .string, default: "prod", "The environment; prod by default."),
                Field("scopes", .strings, "The scopes to ask for; those of the platform's profile by default."),
            ]
        )
        .updating("Create an authorization URL.", makeAuthorizationURL)
    }

    /// `start`: where the link leads; binds it to the browser that opens it, and sends the browser on to the provider.
    var start: EnginePath {
        EnginePath(
            "start", "Open an authorization URL; served to browsers as `/oauth/start`.",
            fields: [
                Field("state", .string, required: true, "The state from the authorization URL."),
                Field("browser", .string, "The secret that this browser was given before, if any."), plainBrowserField,
            ],
            access: .unauthenticated
        )
        .updating("Bind the connection to this browser.", redirectToProvider)
    }

    /// `callback`: where the provider redirects the browser to; exchanges the code for tokens and stores the connection.
    var callback: EnginePath {
        EnginePath(
            "callback", "Return from a provider; served to browsers as `/oauth/callback`.",
            details: """
                The state is random, belongs to one owner, platform and browser, and can be used once.
                """,
            fields: [
                Field("state", .string, required: true, "The state that was sent to the provider."),
                Field("code", .string, "The authorization code."),
                Field("error", .string, "Why the provider sent no code."),
                Field("browser", .string, "The secret that the browser was given at the start."), plainBrowserField,
            ],
            access: .unauthenticated
        )
        .updating("Complete the connection.", complete)
    }

    /// The browser's secret from a cookie without the `__Host-` protection, which is used only if `api_addr` is not https.
    private var plainBrowserField: Field {
        Field("browser_plain", .string, "The secret from an unprotected cookie; used only if api_addr is not https.")
    }

    // MARK: Beginning

    private func makeAuthorizationURL(_ request: Request) async throws -> Response {
        guard let name = Slug.folded(request.captures["platform"]) else { throw Self.badPlatform }
        guard let place = Slug.folded(request.fields.text("environment")) else { throw Self.badEnvironment }
        let id = ConnectionID(owner: try Owner(request.fields.text("owner")), environment: place, platform: name)
        // The flow ends with a stored connection, so its caller needs the right to store one.
        guard request.mayAlso(.update, "tokens/\(id)") || request.mayAlso(.create, "tokens/\(id)") else { throw CofferError.denied }
        let profile = try profile(name)
        guard !environment.callbackURL.isEmpty else {
            throw CofferError.invalid("the connect flow needs 'api_addr', the address that providers redirect browsers to; set it")
        }
        guard profile.auth == .oauth2, !profile.authorizationURL.isEmpty else {
            throw CofferError.invalid("this platform does not use OAuth; store its key instead")
        }
        guard try await refresher.clients.credentials(profile, place) != nil else {
            throw CofferError.invalid("store the platform's client_id and client_secret first")
        }
        let state = ConnectState(
            expiresAt: now + Self.stateSeconds, initiatorTag: ConnectState.tag(request.actor),
            secret: Base64.encode(randomness.bytes(32), as: .url)
        )
        let pending = PendingConnect(
            id: id, verifier: Base64.encode(randomness.bytes(32), as: .url), expiresAt: state.expiresAt, actor: request.actor,
            scopes: request.fields.strings("scopes") ?? profile.defaultScopes)
        try await makeRoom(for: state.initiatorTag)
        try await store.storage.put(state.key, pending.encoded(), if: .absent)
        return .data([
            "authorization_url": .string("\(environment.startURL)?state=\(PercentEncoding.component(state.text))"),
            "redirect_uri": .string(environment.callbackURL), "expires_in": .int(Self.stateSeconds),
        ])
    }

    /// Deletes expired connects of an initiator who has reached the limit, and counts one more for the mount.
    ///
    /// The limit holds for each initiator separately, so that one engine cannot block the people of another.
    ///
    /// - Throws: A rate limit error if a limit is reached.
    private func makeRoom(for initiatorTag: String) async throws {
        let prefix = ConnectState.prefix(initiatorTag)
        let names = try await store.storage.list(Listing(prefix: prefix, limit: Self.pendingMax, isRecursive: true))
        if names.count >= Self.pendingMax {
            var batch = Batch()
            for name in names where ConnectState.expiry(ofName: initiatorTag + "/" + name).map({ $0 < now }) ?? true {
                batch.delete(prefix + name)
            }
            guard !batch.isEmpty else {
                // Names sort by expiry, so the first name is the first to expire.
                throw Self.tooMany(
                    seconds: (names.first.flatMap { ConnectState.expiry(ofName: initiatorTag + "/" + $0) } ?? now) + 1 - now)
            }
            try await store.storage.commit(batch)
        }
        guard pendingCount.mayAddOne() else { throw Self.tooMany(seconds: PendingSweep.seconds) }
    }

    private static func tooMany(seconds: Int) -> CofferError {
        var error = CofferError(.rateLimited, "too many connections are being made; retry in a few minutes")
        error.retryAfter = max(seconds, 1)
        return error
    }

    // MARK: Redirecting to the provider

    /// Answers with the provider's URL, and with the secret that the browser must bring back.
    private func redirectToProvider(_ request: Request) async throws -> Response {
        guard let (state, pending, version) = try await find(request) else { throw Self.badState }
        let profile = try profile(pending.id.platform)
        guard !environment.callbackURL.isEmpty,
            let client = try await refresher.clients.credentials(profile, pending.id.environment)
        else { throw Self.badState }
        let held = self.browser(request).flatMap { Self.isBrowserSecret($0) ? $0 : nil }
        // A browser that already has a secret keeps it, since two links may be open in it. An unprotected cookie proves
        // nothing before the link is bound, because another site may have set it.
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
            "location": .string(authorizationURL(of: profile, client: client, state: state, pending: pending)),
            "browser": .string(browser),
            "max_age": .int(max(state.expiresAt - now, 1)), "is_secure": .bool(environment.isSecure),
        ])
    }

    /// Returns the URL of the provider's consent page with its parameters (RFC 6749, section 4.1.1).
    private func authorizationURL(
        of profile: PlatformProfile, client: ClientCredentials, state: ConnectState, pending: PendingConnect
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
        // Checked before the state is consumed, so that nobody else can use up a person's link.
        guard let browser = browser(request), !pending.browser.isEmpty,
            Self.isSame(pending.browser, binding(browser, request))
        else { throw Self.otherBrowser }
        // A state can be used once, whatever the outcome.
        var batch = Batch()
        batch.delete(state.key, if: .version(version))
        guard try await store.storage.commitIfUnchanged(batch) else { throw Self.badState }
        let profile = try profile(pending.id.platform)
        guard let code = request.fields.string("code"), (1...4_096).contains(code.utf8.count) else {
            throw ConnectionFailure.error(
                .invalidRequest, "not_granted", message: "the provider sent no authorization code; start again")
        }
        let client = try await refresher.clients.credentials(profile, pending.id.environment)
        let endpoint = TokenEndpoint(outbound: environment.outbound, time: time, randomness: randomness)
        let outcome = await endpoint.exchange(
            code: code, profile: profile, client: client, verifier: profile.usesPKCE ? pending.verifier : nil,
            redirect: environment.callbackURL)
        guard case .granted(let answer) = outcome else {
            throw ConnectionFailure.error(
                .invalidRequest, "exchange_failed", message: "the provider did not return a token; start again")
        }
        _ = try await save(grant(answer, pending), as: pending.id, profile: profile)
        counters.count(.stored, profile.name, at: time.now())
        emit(.info, .stored, message: "connected", id: pending.id, request: request)
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

    // MARK: States and browsers

    /// Returns the pending connect that the request's state belongs to, or nil if there is none or it has expired.
    private func find(_ request: Request) async throws -> (ConnectState, PendingConnect, version: UInt64)? {
        guard let state = ConnectState(request.fields.text("state")), state.expiresAt >= now,
            let record = try await store.storage.get(state.key), let pending = PendingConnect(decoding: record.value),
            pending.expiresAt == state.expiresAt
        else { return nil }
        return (state, pending, record.version)
    }

    /// Returns the secret that identifies the browser, from its cookie.
    ///
    /// Over https it is the cookie that only this host can have set: an unprotected cookie may have been set by another site of
    /// the same domain or by somebody on the network. Without https only the unprotected cookie exists.
    private func browser(_ request: Request) -> String? {
        request.fields.string(environment.isSecure ? "browser" : "browser_plain")
    }

    /// Returns the digest that a link is bound to. A secret from an unprotected cookie is bound to the browser's address too.
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
        .invalidRequest, "bad_state",
        message: "this link was already used, is older than ten minutes, or was not issued by this server; start again")

    private static let otherBrowser = ConnectionFailure.error(
        .invalidRequest, "other_browser",
        message: "this link was opened in another browser, or this browser does not accept cookies; start again, in one browser")
}
