import AuthMethods
import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

@Suite("A login that comes with the request it is for")
struct RequestLoginTests {
    private static let password = "a long password"
    private static let right: JSONObject = ["password": .string(password)]

    /// Ann may read below `secret/data/app/`, and what her entity's name opens.
    private func server(
        in directory: String? = nil, storage: any Storage = MemoryStorage(), engines: [EngineDescription] = []
    ) async throws -> CoreHarness {
        let server =
            if let directory { try await CoreHarness.audited(in: directory, storage: storage, engines: engines) } else {
                try await CoreHarness.make(storage: storage, engines: engines)
            }
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        await server.ask(
            .update, "auth/userpass/users/ann", ["password": .string(Self.password), "token_policies": "app", "token_num_uses": 2])
        await server.writePolicy(
            "app",
            """
            path "secret/data/app/*" { capabilities = ["read", "create"] }
            path "test/creds/*" { capabilities = ["read"] }
            path "auth/token/create" { capabilities = ["update"] }
            """)
        await server.ask(.update, "secret/data/app/db", ["data": ["k": "v"]])
        await server.ask(.update, "secret/data/other", ["data": ["k": "v"]])
        return server
    }

    private func ask(
        _ server: CoreHarness, _ path: String = "secret/data/app/db", _ operation: EngineKit.Operation = .read,
        login: String = "auth/userpass/login/ann", sending parameters: JSONObject = Self.right, body: JSONObject? = nil,
        from address: String = "127.0.0.1", wrapTTL: Int? = nil, headers: [(name: String, value: String)] = []
    ) async -> CoreAnswer {
        var request = CoreRequest(
            id: "outer", operation: operation, path: path, body: body?.encoded() ?? [],
            credentials: .login(RequestLogin(path: login, parameters: parameters)), headers: headers)
        request.connection = Connection(remoteAddress: address)
        request.wrapTTL = wrapTTL
        return await server.core.handle(request)
    }

    private func keys(_ storage: MemoryStorage) async throws -> Set<String> {
        Set(try await storage.list(Listing(prefix: "", limit: 10_000, isRecursive: true)))
    }

    // MARK: Who it is

    @Test func whoLogsInWithARequestMayDoWhatALoginGives() async throws {
        let server = try await server()
        #expect(await ask(server).data?["data"]?["k"] == "v")
        #expect(await ask(server, "secret/data/app/new", .update, body: ["data": ["a": "b"]]).code == nil)
        for path in ["secret/data/other", "sys/mounts", "no/such/mount", "auth/userpass/users/ann"] {
            let answer = await ask(server, path)
            #expect(answer.code == .permissionDenied && !answer.isRefusalOfLogin, "\(path)")
        }
    }

    @Test func nothingIsStoredButTheEntityOfTheFirstLogin() async throws {
        let storage = MemoryStorage()
        let server = try await server(storage: storage)
        #expect(await ask(server).code == nil)
        let before = try await keys(storage)
        for _ in 0..<3 { #expect(await ask(server).code == nil) }
        #expect(try await keys(storage) == before)
        #expect(before.filter { $0.hasPrefix("sys/token/lease/") }.isEmpty)
        let accessors = await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue
        #expect(accessors?.count == 1)
    }

    @Test func theEntityAndItsGroupsCountAsWithALogin() async throws {
        let server = try await server()
        #expect(await ask(server, "secret/data/other").code == .permissionDenied)
        await server.writePolicy("team", "path \"secret/data/other\" { capabilities = [\"read\"] }")
        let entity = await server.ask(.list, "identity/entity/id").data?["keys"]?.arrayValue?.first?.stringValue ?? ""
        await server.ask(.update, "identity/group", ["name": "g", "policies": "team", "member_entity_ids": [.string(entity)]])
        #expect(await ask(server, "secret/data/other").code == nil)
        await server.ask(.update, "identity/entity/id/" + entity, ["disabled": true])
        let answer = await ask(server)
        #expect(answer.code == .permissionDenied && answer.isRefusalOfLogin)
    }

    @Test func anAppRolesSecretIDIsSpent() async throws {
        let server = try await server()
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(
            .update, "auth/approle/role/r", ["role_id": "id-r", "secret_id_num_uses": 2, "token_policies": "app"])
        let made = await server.ask(.update, "auth/approle/role/r/secret-id")
        let parameters: JSONObject = ["role_id": "id-r", "secret_id": made.data?["secret_id"] ?? .null]
        for isAllowed in [true, true, false] {
            let answer = await ask(server, login: "auth/approle/login", sending: parameters)
            #expect((answer.code == nil) == isAllowed && answer.isRefusalOfLogin == !isAllowed)
        }
    }

    @Test func anAddressOutsideTheTokensRangesIsRefused() async throws {
        let server = try await server()
        await server.ask(.update, "auth/userpass/users/ann", ["token_bound_cidrs": "10.0.0.0/8"])
        #expect(await ask(server, from: "10.1.2.3").code == nil)
        let answer = await ask(server, from: "127.0.0.1")
        #expect(answer.code == .invalidRequest && answer.isRefusalOfLogin)
        // A method that leaves the ranges to the token, as a secret id with ranges of its own does.
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(
            .update, "auth/approle/role/r",
            ["role_id": "id-r", "bind_secret_id": true, "token_policies": "app", "token_bound_cidrs": "10.0.0.0/8"])
        let made = await server.ask(.update, "auth/approle/role/r/secret-id")
        let parameters: JSONObject = ["role_id": "id-r", "secret_id": made.data?["secret_id"] ?? .null]
        #expect(await ask(server, login: "auth/approle/login", sending: parameters, from: "10.1.2.3").code == nil)
        #expect(await ask(server, login: "auth/approle/login", sending: parameters).code != nil)
    }

    // MARK: What is refused

    @Test func aWrongPasswordIsToldAsALoginTellsIt() async throws {
        let server = try await server()
        let alone = await server.ask(.update, "auth/userpass/login/ann", ["password": "no"], token: nil)
        let answer = await ask(server, sending: ["password": "no"])
        #expect(answer.error?.messages == alone.error?.messages && answer.code == alone.code && answer.isRefusalOfLogin)
        let write = await ask(server, "secret/data/app/new", .update, sending: ["password": "no"], body: ["data": [:]])
        #expect(write.isRefusalOfLogin)
        #expect(await server.ask(.read, "secret/data/app/new").code == .notFound)
    }

    @Test(
        "is no login",
        arguments: [
            "sys/health", "sys/seal-status", "auth/none/login", "auth/userpass/users/ann", "auth/token/create", "auth/userpass/",
            "auth/userpass/login/ann/", "secret/data/app/db", "", "%zz", "auth/userpass/login/../login/ann", "test/login",
            "sys/wrapping/unwrap", "sys/internal/ui/mounts", "auth/token/lookup-self", "/auth/userpass/login/ann",
        ])
    func noLogin(_ path: String) async throws {
        let server = try await server()
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        let answer = await ask(server, login: path)
        #expect(answer.code == .invalidRequest && answer.isRefusalOfLogin)
        #expect(answer.error?.messages.first?.contains("auth/jwt/login") == true)
    }

    @Test func aPathThatGetsAnotherOperationStaysALogin() async throws {
        let path = EnginePath("login", "A login.", access: .unauthenticated, isLogin: true).deleting("Forget it.") { _ in }
        #expect(path.isLogin && path.preceded(by: {}).isLogin && path.access == .unauthenticated)
    }

    @Test func aLoginHasNoLogin() async throws {
        let server = try await server()
        let answer = await ask(server, "auth/userpass/login/ann", .update, body: Self.right)
        #expect(answer.code == .invalidRequest && answer.isRefusalOfLogin)
    }

    @Test func aParameterThatContradictsThePathIsRefused() async throws {
        let server = try await server()
        var parameters = Self.right
        parameters["username"] = "bob"
        let answer = await ask(server, sending: parameters)
        #expect(answer.code == .invalidRequest && answer.isRefusalOfLogin)
    }

    @Test func whatItsEngineLeasesIsTakenBackAndRefused() async throws {
        let server = try await server()
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        let answer = await ask(server, "test/creds/app")
        #expect(answer.code == .invalidRequest && !answer.isRefusalOfLogin)
        #expect(answer.error?.messages.first?.contains("cannot generate leases") == true)
        #expect(server.engine.alive.isEmpty && server.engine.revocations.count == 1)
    }

    @Test func itHasNoTokenToShowOrToMakeOthersFromAndNoCubbyhole() async throws {
        let server = try await server()
        for (operation, path) in [
            (EngineKit.Operation.update, "auth/token/create"), (.read, "auth/token/lookup-self"),
            (.update, "auth/token/renew-self"), (.update, "auth/token/revoke-self"), (.update, "cubbyhole/a"),
        ] {
            #expect(await ask(server, path, operation, body: operation == .update ? ["a": "b"] : nil).code != nil, "\(path)")
        }
        #expect(await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count == 1)
    }

    @Test func itsAnswerCanBeWrapped() async throws {
        let server = try await server()
        guard case .success(let response) = await ask(server, wrapTTL: 60).outcome, let info = response.wrapInfo else {
            return #expect(Bool(false))
        }
        let found = await server.ask(.update, "sys/wrapping/unwrap", token: info.token)
        #expect(found.data?["data"]?["k"] == "v")
    }

    @Test func itIsASealedServersBusinessNotALogins() async throws {
        let server = try await server()
        #expect(await server.ask(.update, "sys/seal").isSuccess)
        let answer = await ask(server)
        #expect(answer.code == .sealed && !answer.isRefusalOfLogin)
    }

    // MARK: What is counted

    @Test func aNameThatFailsIsLocked() async throws {
        let server = try await server()
        for _ in 0..<5 { #expect(await ask(server, sending: ["password": "no"]).code == .invalidRequest) }
        #expect(await ask(server).code == .permissionDenied)
        #expect(await server.ask(.update, "auth/userpass/login/ann", Self.right, token: nil).code == .permissionDenied)
    }

    @Test func theQuotaOfTheLoginsPathCountsItBesideThatOfTheRequest() async throws {
        let server = try await server()
        await server.ask(.update, "sys/quotas/rate-limit/logins", ["rate": 2, "interval": 60, "path": "auth/userpass/login/*"])
        await server.ask(.update, "sys/quotas/rate-limit/reads", ["rate": 3, "interval": 60, "path": "secret"])
        for code in [nil, nil, CofferError.Code.rateLimited] {
            let answer = await ask(server)
            #expect(answer.code == code && answer.isRefusalOfLogin == (code != nil))
        }
        let answer = await ask(server)
        #expect(answer.code == .rateLimited && !answer.isRefusalOfLogin)
        #expect(await server.ask(.update, "auth/userpass/login/ann", Self.right, token: nil).code == .rateLimited)
    }

    // MARK: What is on record

    @Test func theLogHasTheLoginAndTheRequest() async throws {
        let directory = NSTemporaryDirectory() + "request-login-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server(in: directory)
        await server.ask(.update, "sys/config/auditing/request-headers/x-case", ["hmac": false])
        _ = await ask(server, headers: [("x-case", "7")])
        _ = await ask(server, sending: ["password": "canary-of-a-password"], headers: [("x-case", "8")])
        let text = String(decoding: FileManager.default.contents(atPath: directory + "/audit.log") ?? Data(), as: UTF8.self)
        for secret in [Self.password, "canary-of-a-password"] { #expect(!text.contains(secret)) }
        let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
            .filter { $0["request"]?["headers"]?["x-case"] != nil }
        // Of each: the login's request and answer, then those of what it came with.
        #expect(lines.count == 8)
        guard lines.count == 8 else { return }
        let paths = lines.map { $0["request"]?["path"]?.stringValue ?? "" }
        #expect(paths.map { $0 == "auth/userpass/login/ann" } == [true, true, false, false, true, true, false, false])
        let (login, request) = (lines[1], lines[2])
        #expect(login["type"] == "response" && login["response"]?["auth"]?["token_type"] == "inline")
        #expect(login["response"]?["auth"]?["policies"] == ["app", "default"])
        #expect(login["response"]?["auth"]?["client_token"] == nil && login["response"]?["auth"]?["accessor"] == nil)
        #expect(request["auth"]?["display_name"] == "userpass-ann" && request["auth"]?["token_type"] == "inline")
        #expect(request["auth"]?["inline_kind"] == "login" && request["auth"]?["client_token"] == nil)
        #expect(request["auth"]?["login_request_id"] == login["request"]?["id"] && request["request"]?["id"] == "outer")
        #expect(request["auth"]?["entity_id"]?.stringValue?.isEmpty == false)
        #expect(request["auth"]?["policy_results"]?["granting_policies"]?.arrayValue?.first?["name"] == "app")
        let (refusedLogin, refused) = (lines[5], lines[6])
        #expect(refusedLogin["error"]?.stringValue == "invalid username or password")
        #expect(refused["error"]?.stringValue == "invalid username or password")
        #expect(refused["auth"]?["login_request_id"] == refusedLogin["request"]?["id"] && refused["auth"]?["display_name"] == nil)
    }
}

extension CoreAnswer {
    fileprivate var error: CofferError? { if case .failure(let error) = outcome { error } else { nil } }
    fileprivate var code: CofferError.Code? { error?.code }
    fileprivate var data: JSONObject? { CoreHarness.Answer(outcome: outcome).data }
}
