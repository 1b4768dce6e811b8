import Core
import EngineKit
import SecretMemory
import Syntax
import TestSupport
import Testing

@Suite struct LockedUsersTests {
    private func server(_ settings: CoreSettings = CoreSettings()) async throws -> CoreHarness {
        let server = try await CoreHarness.make(settings: settings)
        for type in ["userpass", "approle"] { await server.ask(.update, "sys/auth/\(type)", ["type": .string(type)]) }
        for name in ["bob", "eve"] { await server.ask(.update, "auth/userpass/users/\(name)", ["password": "right"]) }
        await server.ask(.update, "auth/approle/role/app", ["role_id": "the-role-id"])
        return server
    }

    private func accessor(_ server: CoreHarness, _ mount: String) async -> String {
        await server.ask(.read, "sys/auth").data?[mount]?["accessor"]?.stringValue ?? ""
    }

    private func fail(_ server: CoreHarness, _ user: String, times: Int = 5) async {
        for _ in 0..<times { await server.ask(.update, "auth/userpass/login/\(user)", ["password": "wrong"], token: nil) }
    }

    private func logIn(_ server: CoreHarness, _ user: String = "bob") async -> CofferError.Code? {
        await server.ask(.update, "auth/userpass/login/\(user)", ["password": "right"], token: nil).code
    }

    private func failRole(_ server: CoreHarness, _ id: String = "the-role-id") async -> CofferError.Code? {
        let body: JSONObject = ["role_id": .string(id), "secret_id": "wrong"]
        return await server.ask(.update, "auth/approle/login", body, token: nil).code
    }

    @Test func lockedNamesAreListedByMountAsVaultDoes() async throws {
        let server = try await server()
        #expect(await server.ask(.read, "sys/locked-users").data == ["by_namespace": [], "total": 0])
        await fail(server, "BOB")
        await fail(server, "eve")
        await fail(server, "nobody", times: 4)
        for _ in 0..<5 { #expect(await failRole(server) == .invalidRequest) }
        #expect(await failRole(server) == .permissionDenied)
        let (users, roles) = (await accessor(server, "userpass/"), await accessor(server, "approle/"))
        let answer = await server.ask(.read, "sys/locked-users").data
        let expected: JSONObject = [
            "by_namespace": [
                [
                    "namespace_id": "root", "namespace_path": "", "counts": 3,
                    "mount_accessors": [
                        ["mount_accessor": .string(users), "counts": 2, "alias_identifiers": ["bob", "eve"]],
                        ["mount_accessor": .string(roles), "counts": 1, "alias_identifiers": ["the-role-id"]],
                    ],
                ]
            ], "total": 3,
        ]
        #expect(answer == expected)
        let query = [(name: "mount_accessor", value: roles)]
        #expect(await server.ask(.read, "sys/locked-users", query: query).data?["total"] == 1)
    }

    @Test func unlockingLetsANameInAgain() async throws {
        let server = try await server()
        await fail(server, "bob")
        #expect(await logIn(server) == .permissionDenied)
        let accessor = await accessor(server, "userpass/")
        #expect(await server.ask(.update, "sys/locked-users/\(accessor)/unlock/Bob").isSuccess)
        #expect(await logIn(server) == nil)
        #expect(await server.ask(.update, "sys/locked-users/\(accessor)/unlock/nobody").isSuccess)
        #expect(await server.ask(.update, "sys/locked-users/no_such/unlock/bob").code == .invalidRequest)
        let user = try await server.token(["default"])
        #expect(await server.ask(.update, "sys/locked-users/\(accessor)/unlock/bob", token: user).code == .permissionDenied)
        #expect(await server.ask(.read, "sys/locked-users", token: user).code == .permissionDenied)
    }

    @Test func anUnknownRoleIDLocksLikeAKnownOne() async throws {
        let server = try await server()
        for id in ["the-role-id", "unknown"] {
            for _ in 0..<5 { #expect(await failRole(server, id) == .invalidRequest) }
            #expect(await failRole(server, id) == .permissionDenied)
        }
    }

    @Test func aMountIsTunedAndTheTuningIsReadBack() async throws {
        let server = try await server()
        let tuning: JSONObject = [
            "user_lockout_config": [
                "lockout_threshold": "2", "lockout_duration": "1m", "lockout_counter_reset": "30s", "lockout_disable": false,
            ]
        ]
        #expect(await server.ask(.update, "sys/auth/userpass/tune", tuning).isSuccess)
        let shown = await server.ask(.read, "sys/auth/userpass/tune").data
        #expect(shown?["user_lockout_threshold"] == 2 && shown?["user_lockout_duration"] == 60)
        #expect(shown?["user_lockout_counter_reset_duration"] == 30 && shown?["user_lockout_disable"] == false)
        await fail(server, "bob", times: 1)
        server.time.advance(seconds: 30)
        await fail(server, "bob", times: 1)
        #expect(await logIn(server) == nil)
        await fail(server, "bob", times: 2)
        server.time.advance(seconds: 59)
        #expect(await logIn(server) == .permissionDenied)
        let again = try await server.restarted()
        #expect(await logIn(again) == .permissionDenied)
        again.time.advance(seconds: 1)
        #expect(await logIn(again) == nil)
    }

    @Test(arguments: [["lockout_disable": true], ["lockout_threshold": 0]] as [JSONObject])
    func aMountMayLockNobody(config: JSONObject) async throws {
        let server = try await server()
        await server.ask(.update, "sys/auth/userpass/tune", ["user_lockout_config": .object(config)])
        await fail(server, "bob", times: 20)
        #expect(await logIn(server) == nil)
        #expect(await server.ask(.read, "sys/locked-users").data?["total"] == 0)
    }

    @Test func aMountAbovesTheConfigurationAndAMethodAboveAll() async throws {
        var settings = CoreSettings()
        settings.lockouts["all"] = LockoutRules()
        settings.lockouts["all"]?.threshold = 2
        settings.lockouts["approle"] = LockoutRules()
        settings.lockouts["approle"]?.isDisabled = true
        let server = try await server(settings)
        await fail(server, "bob", times: 2)
        #expect(await logIn(server) == .permissionDenied)
        for _ in 0..<20 { #expect(await failRole(server) == .invalidRequest) }
        await server.ask(.update, "sys/auth/userpass/tune", ["user_lockout_config": ["lockout_threshold": 9]])
        await fail(server, "eve", times: 8)
        #expect(await logIn(server, "eve") == nil)
    }

    @Test(
        arguments: [
            ("sys/auth/token/tune", ["lockout_threshold": 1]), ("sys/mounts/secret/tune", ["lockout_threshold": 1]),
            ("sys/auth/userpass/tune", ["lockout_threshold": -1]), ("sys/auth/userpass/tune", ["threshold": 1]),
            ("sys/auth/userpass/tune", ["lockout_duration": "1000d"]),
        ] as [(String, JSONObject)])
    func refusesATuningThatMeansNothing(path: String, config: JSONObject) async throws {
        let server = try await server()
        #expect(await server.ask(.update, path, ["user_lockout_config": .object(config)]).code == .invalidRequest)
    }
}
