import CofferClient
import RemoteKVEngine
import Syntax

/// Another Vault over HTTP, with a token or as an AppRole that logs in again when its token ends.
actor RemoteVaultClient: RemoteVault {
    private let settings: RemoteVaultSettings
    private var client: CofferClient
    private var isLoggedIn: Bool

    init(_ settings: RemoteVaultSettings) throws(ConfigurationError) {
        self.settings = settings
        var configuration = ClientConfiguration(address: settings.address, token: settings.token)
        configuration.tls.authorityFile = settings.authorityFile
        configuration.timeout = .seconds(20)
        do throws(ClientError) {
            client = try CofferClient(configuration: configuration)
        } catch {
            throw ConfigurationError("SERVICE_VAULT_ADDR: \(error.message)")
        }
        isLoggedIn = settings.token != nil
    }

    func ask(
        _ method: RemoteMethod, _ path: String, query: [(name: String, value: String)], body: JSONObject?
    ) async throws(RemoteFailure) -> RemoteAnswer {
        if !isLoggedIn { try await login() }
        let answer = try await send(method, path, query, body)
        guard answer.status == 403, settings.roleID != nil else { return answer }
        // The token may have ended; a real refusal is the same a second time.
        try await login()
        return try await send(method, path, query, body)
    }

    private func send(
        _ method: RemoteMethod, _ path: String, _ query: [(name: String, value: String)], _ body: JSONObject?
    ) async throws(RemoteFailure) -> RemoteAnswer {
        let methods: [RemoteMethod: ClientMethod] = [.get: .get, .list: .list, .put: .put, .patch: .patch, .delete: .delete]
        do throws(ClientError) {
            let response = try await client.send(
                methods[method] ?? .get, path, query: query.map { QueryItem($0.name, $0.value) }, body: body.map { .object($0) },
                headers: method == .patch ? [.mergePatch] : [])
            return RemoteAnswer(status: response.status, errors: response.errors, data: response.secret?.data)
        } catch {
            throw RemoteFailure()
        }
    }

    private func login() async throws(RemoteFailure) {
        guard let roleID = settings.roleID else { throw RemoteFailure() }
        do throws(ClientError) {
            client.configuration.token = nil
            let answer = try await client.send(
                .put, "auth/approle/login",
                body: ["role_id": .string(roleID), "secret_id": .string(settings.secretID ?? "")])
            guard let token = try answer.checked().object()["auth"]?["client_token"]?.stringValue else {
                throw ClientError(.api, "")
            }
            client.configuration.token = token
            isLoggedIn = true
        } catch {
            throw RemoteFailure()
        }
    }
}
