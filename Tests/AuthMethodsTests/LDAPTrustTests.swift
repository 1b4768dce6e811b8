import AuthMethods
import Directories
import EngineKit
import Logging
import Synchronization
import Syntax
import TestSupport
import Testing

/// What others than the user may do: who writes the settings, who comes from elsewhere, and who changes the own entry.
@Suite("LDAP: whom it trusts")
struct LDAPTrustTests {
    private static let byMail = "(|(uid={{.Username}})(mail={{.Username}}))"

    @Test("from an address that is not bound, the directory is not asked, nobody is locked, and every password is wrong")
    func addresses() async throws {
        let ldap = try await LDAPDriver(["token_bound_cidrs": "10.0.0.0/8"])
        for password in ["wrong", "ann-password", "wrong", "wrong", "wrong", "wrong", "ann-password"] {
            #expect(await ldap.refusal("ann", password)?.message == "ldap operation failed: failed to bind as user")
        }
        #expect(ldap.directory.log.isEmpty)
        let inside = try await ldap.driver.grant("login/ann", ["password": "ann-password"], from: "10.1.1.1")
        #expect(inside.aliasName == "Ann")
    }

    @Test("a refusal for the address takes as long as one for the password")
    func addressTime() async throws {
        let directory = FakeDirectory.ofCompany()
        let driver = try AuthDriver(LDAPMethod.description(failureMilliseconds: 60) { directory })
        try await driver.send(.update, "config", LDAPDriver.settings)
        try await driver.send(.update, "config", ["token_bound_cidrs": "10.0.0.0/8"])
        let started = ContinuousClock.now
        #expect(await driver.refusal(.update, "login/ann", ["password": "ann-password"])?.code == .invalidRequest)
        #expect(started.duration(to: .now) >= .milliseconds(60))
    }

    @Test(
        "the stored password of the account goes to no other server, nor with less protection",
        arguments: [
            ["url": "ldaps://evil.example.com"], ["url": "ldaps://ldap.example.com,ldaps://evil.example.com"],
            ["url": "ldaps://ldap.example.com:637"], ["url": "ldap://ldap.example.com"],
            ["url": "ldap://ldap.example.com", "starttls": true], ["insecure_tls": true],
            ["certificate": .string(TestCertificates.authority.pem)],
        ] as [JSONObject])
    func otherServer(change: JSONObject) async throws {
        let ldap = try await LDAPDriver()
        let before = try await ldap.driver.records()
        for sent in [change, JSONObject(change.members + [.init(key: "bindpass", value: .null)])] {
            let refusal = try #require(await ldap.driver.refusal(.update, "config", sent))
            #expect(refusal.code == .invalidRequest && refusal.message.contains("bindpass"))
        }
        #expect(try await ldap.driver.records() == before)
        try await ldap.driver.send(.update, "config", JSONObject(change.members + [.init(key: "bindpass", value: "another")]))
        #expect(try await ldap.driver.records() != before)
    }

    @Test("other settings, and fewer of the servers, need the password no second time")
    func sameServer() async throws {
        let ldap = try await LDAPDriver(["url": "ldaps://a.example.com,ldaps://b.example.com"])
        for change in [
            ["url": "ldaps://b.example.com, LDAPS://A.example.com:636/"], ["url": "ldaps://b.example.com"],
            ["userdn": "dc=example"],
            ["insecure_tls": false], ["token_ttl": 60],
        ] as [JSONObject] { #expect(await ldap.driver.refusal(.update, "config", change) == nil) }
        let direct = try await LDAPDriver(over: LDAPDriver.direct)
        try await direct.driver.send(.update, "config", ["url": "ldaps://other.example.com"])
    }

    @Test("a server with an address that may not be called is refused when it is written")
    func forbiddenServer() async throws {
        let ldap = try await LDAPDriver(over: LDAPDriver.direct)
        let refusal = await ldap.driver.refusal(.update, "config", ["url": "ldap://10.0.0.1,ldap://169.254.169.254"])
        #expect(refusal?.code == .invalidRequest)
        try await ldap.driver.send(.update, "config", ["url": "ldap://10.0.0.1"])
    }

    @Test("a filter that finds the same user for every name is refused")
    func filterWithoutName() async throws {
        let ldap = try await LDAPDriver()
        for filter in ["(uid=ann)", "(objectClass=person)", "({{.UserAttr}}=ann)"] {
            #expect(await ldap.driver.refusal(.update, "config", ["userfilter": .string(filter)])?.code == .invalidRequest)
        }
    }

    @Test("whoever is found by an attribute of their own choice logs in as themselves", arguments: [false, true])
    func ownAttribute(namesAliasAfterUser: Bool) async throws {
        let ldap = try await LDAPDriver(["userfilter": .string(Self.byMail), "username_as_alias": .bool(namesAliasAfterUser)])
        ldap.directory.add("uid=solo,ou=people,dc=example", ["uid": ["solo"], "mail": ["boss"]], password: "solo-password")
        try await ldap.driver.send(.update, "users/boss", ["policies": "boss-policy"])
        try await ldap.driver.send(.update, "users/solo", ["policies": "solo-policy"])
        let grant = try await ldap.logIn("boss", "solo-password")
        #expect(grant.policies == ["solo-policy"] && grant.metadata == ["username": "solo"] && grant.aliasName == "solo")
        #expect(grant.displayName == "ldap-solo" && grant.aliasMetadata == ["name": "solo"])
        let again = try await ldap.renewed(grant)
        #expect(again.policies == ["solo-policy"] && again.metadata == ["username": "solo"])
        // Without one value of 'userattr' nobody knows who it is.
        for values in [[], ["solo", "boss"], [" "]] {
            ldap.directory.change("uid=solo,ou=people,dc=example") { $0.attributes["uid"] = values }
            #expect(await ldap.refusal("boss", "solo-password")?.code == .invalidRequest, "\(values)")
            await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
        }
    }

    @Test("a renewal finds the user by what was typed, and nobody else")
    func renewalByMail() async throws {
        let ldap = try await LDAPDriver(["userfilter": "(mail={{.Username}})"])
        let grant = try await ldap.logIn("Ann@Example.com", "ann-password")
        #expect(grant.metadata == ["username": "ann"])
        #expect(try await ldap.renewed(grant).metadata == ["username": "ann"])
        ldap.directory.change("uid=Ann,ou=people,dc=example") { $0.attributes["mail"] = ["moved@example.com"] }
        await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
        ldap.directory.change("uid=app,ou=people,dc=example") { $0.attributes["mail"] = ["ann@example.com"] }
        await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
    }

    @Test("a stored number out of its bounds does no harm", arguments: [0, 1 << 31, 1 << 52])
    func storedNumbers(number: Int) async throws {
        let ldap = try await LDAPDriver(["connection_timeout": 2, "request_timeout": 3, "max_page_size": 4])
        let stored = String(decoding: try #require(try await ldap.driver.records()["config"]), as: UTF8.self)
        var changed = stored
        for (name, value) in [("connection_timeout", 2), ("request_timeout", 3), ("max_page_size", 4)] {
            #expect(changed.contains("\"\(name)\":\(value)"))
            changed = changed.replacingUTF8("\"\(name)\":\(value)", with: "\"\(name)\":\(number)")
        }
        let text = changed
        var batch = Batch()
        batch.put("config", Array(text.utf8))
        _ = try await ldap.driver.storage.commit(batch)
        let restarted = try ldap.driver.restarted()
        _ = await restarted.refusal(.update, "login/ann", ["password": "ann-password"])
        let target = try #require(ldap.directory.state.withLock { $0.target })
        #expect((1...60).contains(target.connectSecondsMax) && (1...120).contains(target.requestSecondsMax))
        #expect((0...10_000).contains(target.pageSize))
    }

    @Test("the log says which account was refused, and says the same thing once a minute")
    func log() async throws {
        let log = CollectedLog(from: .warning)
        let directory = FakeDirectory.ofCompany()
        let driver = try AuthDriver(LDAPMethod.description(failureMilliseconds: 0) { directory }, logger: log.logger)
        try await driver.send(.update, "config", LDAPDriver.settings)
        try await driver.send(.update, "config", ["bindpass": "searcher-password\n"])
        guard case .data(let shown) = try await driver.send(.read, "config").body else { return }
        #expect(shown.objectValue?["bindpass"] == nil)
        #expect(try await driver.send(.read, "config").warnings.contains { $0.contains("bindpass ends with a line end") })
        for _ in 0..<3 { _ = await driver.refusal(.update, "login/ann", ["password": "ann-password"]) }
        #expect(log.wholeLines.count == 1 && log.wholeLines[0].contains("the directory refuses 'binddn' with its 'bindpass'"))
        driver.time.advance(seconds: 61)
        _ = await driver.refusal(.update, "login/ann", ["password": "ann-password"])
        #expect(log.wholeLines.count == 2 && log.wholeLines[1].contains("times=3"))
        #expect(!log.wholeLines.joined().contains("searcher-password"))
    }
}
