import CofferClient
import RemoteKVEngine
import Syntax

/// A client of another Vault server, with a fixed token, or as an AppRole that logs in again when
/// its token expires.
actor RemoteVaultClient: RemoteVault {
    /// A client with a token. The number distinguishes the successive tokens of an AppRole.
    private struct Session: Sendable {
        var client: CofferClient
        var number: Int
    }

    private let settings: RemoteVaultSettings
    private let base: CofferClient
    private var session: Session?
    /// The login in progress. Requests that need a token wait for it instead of logging in themselves.
    private var login: Task<Result<Session, RemoteFailure>, Never>?
    private var loginsMade = 0
    /// When a new token was refused like the previous one. The role then lacks a permission, and another login would not
    /// help.
    private var futileLogin: ContinuousClock.Instant?

    private static let responseBytesMax = 8 << 20
    private static let secondsBetweenFutileLogins = 5

    init(_ settings: RemoteVaultSettings) throws(ConfigurationError) {
        self.settings = settings
        var configuration = ClientConfiguration(address: settings.address, token: settings.token)
        configuration.tls.authorityFile = settings.authorityFile
        configuration.timeout = .seconds(20)
        configuration.responseBytesMax = Self.responseBytesMax
        let client: CofferClient
        do throws(ClientError) {
            client = try CofferClient(configuration: configuration)
        } catch {
            throw ConfigurationError("SERVICE_VAULT_ADDR: \(error.message)")
        }
        base = client
        session = settings.token == nil ? nil : Session(client: client, number: 0)
    }

    func send(
        _ method: RemoteMethod, _ path: String, query: [(name: String, value: String)], body: JSONObject?
    ) async throws(RemoteFailure) -> RemoteAnswer {
        let used = try await current()
        let answer = try await send(method, path, query: query, body: body, in: used)
        // The token may have expired. A request that is not permitted is refused with a new token as well.
        guard answer.status == 403, let fresh = try await renewed(after: used) else { return answer }
        let second = try await send(method, path, query: query, body: body, in: fresh)
        futileLogin = second.status == 403 ? .now : nil
        return second
    }

    private func send(
        _ method: RemoteMethod, _ path: String, query: [(name: String, value: String)], body: JSONObject?, in session: Session
    ) async throws(RemoteFailure) -> RemoteAnswer {
        let methods: [RemoteMethod: ClientMethod] = [.get: .get, .list: .list, .put: .put, .patch: .patch, .delete: .delete]
        do throws(ClientError) {
            let response = try await session.client.send(
                methods[method] ?? .get, path, query: query.map { QueryItem($0.name, $0.value) }, body: body.map { .object($0) },
                headers: method == .patch ? [.mergePatch] : [])
            return RemoteAnswer(status: response.status, errors: response.errors, data: response.secret?.data)
        } catch {
            throw RemoteFailure()
        }
    }

    // MARK: Tokens

    private func current() async throws(RemoteFailure) -> Session {
        if let session { return session }
        return try await loggedIn()
    }

    /// Returns a newer session than the one that was refused, or nil if there cannot be one.
    private func renewed(after used: Session) async throws(RemoteFailure) -> Session? {
        guard settings.token == nil else { return nil }
        if let session, session.number != used.number { return session }
        if let futileLogin, futileLogin.duration(to: .now) < .seconds(Self.secondsBetweenFutileLogins) { return nil }
        return try await loggedIn()
    }

    private func loggedIn() async throws(RemoteFailure) -> Session {
        if let login { return try await login.value.get() }
        loginsMade += 1
        let number = loginsMade
        let task = Task { await Self.logIn(base, settings, number: number) }
        login = task
        let outcome = await task.value
        login = nil
        session = try outcome.get()
        return try outcome.get()
    }

    private static func logIn(
        _ client: CofferClient, _ settings: RemoteVaultSettings, number: Int
    ) async -> Result<Session, RemoteFailure> {
        guard let roleID = settings.roleID else { return .failure(RemoteFailure()) }
        var client = client
        do throws(ClientError) {
            let answer = try await client.send(
                .put, "auth/approle/login", body: ["role_id": .string(roleID), "secret_id": .string(settings.secretID ?? "")])
            guard let token = try answer.checked().object()["auth"]?["client_token"]?.stringValue else {
                return .failure(RemoteFailure())
            }
            client.configuration.token = token
            return .success(Session(client: client, number: number))
        } catch {
            return .failure(RemoteFailure())
        }
    }
}
