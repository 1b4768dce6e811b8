import EngineKit
import Identity
import Lifetimes
import Syntax

/// The caller that a login makes for one request.
struct LoginCaller: Sendable {
    /// The caller as a token, which the rest of the pipeline expects. It is not stored.
    var token: LiveToken
    /// The entity of the login; nil if it has none.
    var entity: ResolvedEntity?
}

/// Logins that come with another request and are valid for it only.
///
/// Such a login is a request of its own, with an id of its own: the quota of its path counts it, its auth method locks names that
/// fail, and the audit log has it. Only its end differs: in place of a token it makes a caller.
extension Exchange {
    /// The refusal of a path that is no login or does not exist, which are not told apart.
    private static let notALogin = CofferError.invalid(
        "the path of an inline login must be that of a login with one request, such as auth/jwt/login or auth/userpass/login/bob")
    private static let nested = CofferError.invalid("a login cannot have an inline login: it needs no caller")

    /// Performs the login of this request, and returns its caller.
    ///
    /// - Throws: The refusal that the login alone would have got.
    func logIn(_ login: RequestLogin) async throws -> LoginCaller {
        guard declaredPath(path)?.isLogin != true else { throw Self.nested }
        guard let path = try? CanonicalPath(percentEncoded: login.path), !path.isFolder, declaredPath(path)?.isLogin == true
        else { throw Self.notALogin }
        let id = core.environment.randomness.uuid()
        let request = CoreRequest(
            id: id, operation: .update, path: login.path, body: JSON.object(login.parameters).encoded(),
            connection: incoming.connection, headers: incoming.headers)
        loginID = id
        let exchange = Exchange(core: core, services: services, incoming: request, path: path, isForOneRequest: true)
        try await exchange.takeFromQuota()
        if case .failure(let refusal) = await exchange.run().outcome { throw refusal }
        guard let caller = exchange.loggedIn else { throw CofferError(.internal, "the login made no caller") }
        return caller
    }

    private func declaredPath(_ path: CanonicalPath) -> EnginePath? {
        guard let (mount, relative) = services.mounts.router.route(path.text) else { return nil }
        return mount.router.route(relative)?.0
    }

    /// Counts the login against the quota that covers its path, in addition to that of the request.
    private func takeFromQuota() async throws {
        guard services.quotas.isAny,
            let limit = await services.quotas.decide(incoming, path, services: services, jsonLimits: core.settings.jsonLimits),
            !limit.verdict.isAllowed
        else { return }
        let exceeded = RateLimits.exceeded(limit.verdict, at: core.environment.time.now())
        var outcome: Result<Response, CofferError> = .failure(exceeded)
        if limit.recordsRefusals { outcome = await recordRefusal(exceeded) }
        if case .failure(let refusal) = outcome { throw refusal }
    }

    /// Makes the caller of a login that came with another request, where others get a token.
    func admit(_ grant: AuthGrant, mount: Mount, answering response: inout Response) async throws {
        let caller = try await services.logins.caller(grant, mount: mount, path: path.text, id: incoming.id)
        guard caller.token.entry.isUsable(from: incoming.connection.remoteAddress) else { throw CofferError.denied }
        guard services.mounts.holds(mount) else { throw CofferError.denied }
        loggedIn = caller
        // For the audit of the login, which nobody gets as an answer.
        response.auth = .issued(caller.token.entry.issued(token: "", seconds: 0, entity: caller.entity))
    }
}

extension LoginTokens {
    /// Returns the caller of a login that is valid for one request. Nothing is stored except the entity of a first login.
    ///
    /// - Parameter id: The id of the login, which makes the caller different from that of every other login.
    func caller(_ grant: AuthGrant, mount: Mount, path: String, id: String) async throws -> LoginCaller {
        let (login, constraints) = try await begin(grant, mount: mount, path: path)
        guard constraints.isEmpty else {
            throw CofferError(
                .permissionDenied,
                "this login needs a second factor (enforcement \(constraints[0].name)), so it cannot come with another request: log "
                    + "in, and send the token")
        }
        var entry = TokenEntry(
            id: TokenEntry.idPrefixOfOneRequest + id, accessor: "", policies: login.policies, displayName: grant.displayName,
            path: path, createdAt: time.now())
        login.configure(&entry, at: time.now())
        entry.usesLeft = 0
        entry.isRenewable = false
        return LoginCaller(token: LiveToken(entry), entity: login.entity)
    }
}

extension TokenEntry {
    /// The beginning of the ids of callers without a record. The ids of records are hex.
    static let idPrefixOfOneRequest = "inline/login/"

    /// Whether the entry is the caller of a login that is valid for one request.
    var isOfOneRequest: Bool { id.hasUTF8Prefix(Self.idPrefixOfOneRequest) }
}
