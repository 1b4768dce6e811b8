import AuthMethods
import Directories
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

/// A mount of the ldap method over a directory in memory.
struct LDAPDriver {
    let directory: FakeDirectory
    let driver: AuthDriver

    static let settings: JSONObject = [
        "url": "ldaps://ldap.example.com", "userdn": "ou=people,dc=example", "userattr": "uid", "groupdn": "ou=groups,dc=example",
        "binddn": "cn=searcher,dc=example", "bindpass": "searcher-password",
    ]
    /// Users bind by their names, and nobody searches.
    static let direct: JSONObject = [
        "url": "ldaps://ldap.example.com", "userdn": "ou=people,dc=example", "userattr": "uid", "groupdn": "ou=groups,dc=example",
    ]

    init(
        _ more: JSONObject = [:], over base: JSONObject = LDAPDriver.settings,
        storage: any Storage = StampingStorage(MemoryStorage())
    ) async throws {
        let directory = FakeDirectory.ofCompany()
        self.directory = directory
        driver = try AuthDriver(LDAPMethod.description(failureMilliseconds: 0) { directory }, storage: storage)
        var settings = base
        for member in more { settings[member.key] = member.value }
        try await driver.send(.update, "config", settings)
    }

    func logIn(_ name: String, _ password: String) async throws -> AuthGrant {
        try await driver.grant("login/\(name)", ["password": .string(password)])
    }

    func refusal(_ name: String, _ password: String) async -> CofferError? {
        await driver.refusal(.update, "login/\(name)", ["password": .string(password)])
    }

    func renewed(_ grant: AuthGrant) async throws -> AuthGrant {
        let method = try #require(driver.method as? any AuthMethod)
        return try await method.renewal(of: HeldLogin(metadata: grant.metadata, facts: grant.facts))
    }
}

@Suite("LDAP: logins")
struct LDAPTests {
    @Test("a user gets the policies of the mount, of the own entry, and of the groups of both sides")
    func policies() async throws {
        let ldap = try await LDAPDriver(["token_policies": "base"])
        try await ldap.driver.send(.update, "groups/staff", ["policies": "staff-policy"])
        try await ldap.driver.send(.update, "groups/Local", ["policies": "local-policy"])
        try await ldap.driver.send(.update, "groups/admins", ["policies": "admin-policy"])
        try await ldap.driver.send(.update, "users/ANN", ["policies": ["own"], "groups": "Local"])
        let grant = try await ldap.logIn("Ann", "ann-password")
        #expect(grant.policies == ["base", "local-policy", "own", "staff-policy"])
        #expect(grant.metadata == ["username": "ann"] && grant.displayName == "ldap-ann")
        #expect(grant.aliasName == "Ann" && grant.groupAliases == ["local", "staff"])
        #expect(try await ldap.logIn(" aNN ", "ann-password").aliasName == grant.aliasName)
    }

    @Test("users and groups are shown as the Vault API shows them")
    func shown() async throws {
        let ldap = try await LDAPDriver()
        try await ldap.driver.send(.update, "users/ann", ["policies": "b,a", "groups": ["x", "y"]])
        #expect(try await ldap.driver.data(.read, "users/Ann") == ["policies": ["a", "b"], "groups": "x,y"])
        try await ldap.driver.send(.update, "users/ann", ["groups": "z"])
        #expect(try await ldap.driver.data(.read, "users/ann") == ["policies": ["a", "b"], "groups": "z"])
        #expect(try await ldap.driver.keys("users") == ["ann"])
        #expect(try await ldap.driver.keys("groups") == [])
        try await ldap.driver.send(.delete, "users/ann")
        #expect(await ldap.driver.refusal(.read, "users/ann")?.code == .notFound)
        #expect(await ldap.driver.refusal(.update, "groups/x", ["policies": "root"])?.code == .invalidRequest)
    }

    @Test("the settings are shown without password and key, and with the defaults of the Vault API")
    func settings() async throws {
        let directory = FakeDirectory()
        let driver = try AuthDriver(LDAPMethod.description { directory })
        let defaults = try await driver.data(.read, "config")
        let expected: JSONObject = [
            "url": "ldap://127.0.0.1", "userattr": "cn", "groupattr": "cn", "deny_null_bind": true, "discoverdn": false,
            "request_timeout": 90, "connection_timeout": 30, "tls_min_version": "tls12", "tls_max_version": "tls12",
            "userfilter": "({{.UserAttr}}={{.Username}})", "dereference_aliases": "never", "case_sensitive_names": false,
            "groupfilter": "(|(memberUid={{.Username}})(member={{.UserDN}})(uniqueMember={{.UserDN}}))", "max_page_size": 0,
        ]
        for member in expected { #expect(defaults[member.key] == member.value, "\(member.key)") }
        #expect(await driver.refusal(.update, "login/ann", ["password": "x"])?.message == "ldap backend not configured")
        try await driver.send(.update, "config", JSONObject(LDAPDriver.settings.members))
        let shown = try await driver.data(.read, "config")
        #expect(shown["binddn"] == "cn=searcher,dc=example" && shown["bindpass"] == nil && shown["client_tls_key"] == nil)
        #expect(shown["url"] == "ldaps://ldap.example.com")
    }

    @Test(
        "settings that would be unsafe or mean nothing are refused",
        arguments: [
            ("deny_null_bind", false), ("use_token_groups", true), ("url", ""), ("url", "ldapi:///run/slapd"),
            ("url", "http://ldap.example.com"), ("url", "ldap://user@host"), ("url", "ldap://host/dc=x"),
            ("url", "ldap://0x7f000001"),
            ("url", "ldaps://host:0"), ("url", "ldaps://host,nonsense"), ("tls_min_version", "tls10"), ("userattr", "uid)(x"),
            ("groupattr", "a b"), ("userfilter", "uid={{.Username}}"), ("userfilter", "(uid={{.Username}})(x=y)"),
            ("userfilter", "(uid={{ .Username }})"), ("userfilter", "(uid={{.UserDN}})"), ("userfilter", "(uid={{printf \"x\"}})"),
            ("groupfilter", "(member={{.Nothing}})"), ("groupfilter", "(member={{.UserDN}"), ("certificate", "no PEM"),
            ("client_tls_cert", "no PEM"), ("client_tls_key", "alone"), ("connection_timeout", 0), ("request_timeout", "1h"),
            ("max_page_size", -2), ("dereference_aliases", "maybe"), ("upndomain", "a b"), ("starttls", true),
            ("userdn", "\u{0}"),
        ] as [(String, JSON)])
    func refusedSettings(name: String, value: JSON) async throws {
        let ldap = try await LDAPDriver()
        let before = try await ldap.driver.records()
        #expect(await ldap.driver.refusal(.update, "config", JSONObject([.init(key: name, value: value)]))?.code == .invalidRequest)
        #expect(try await ldap.driver.records() == before)
    }

    @Test("an empty password is never sent to the directory", arguments: [LDAPDriver.settings, LDAPDriver.direct])
    func emptyPassword(settings: JSONObject) async throws {
        let ldap = try await LDAPDriver(over: settings)
        for body in [[:], ["password": ""], ["password": .null]] as [JSONObject] {
            #expect(await ldap.driver.refusal(.update, "login/ann", body)?.code == .invalidRequest)
        }
        #expect(ldap.directory.log.isEmpty)
    }

    @Test(
        "a hostile name finds nobody but itself", arguments: [LDAPDriver.settings, LDAPDriver.direct],
        [
            "*", "a*", "ann)(uid=*", "ann)(|(uid=*", "*)(uid=*))(|(uid=*", "ann\\", "ann\\2a", "ann)(cn=searcher", "ann,dc=example",
            "ann,ou=people,dc=example", "ann+uid=app", "#616e6e", "ann\\,", "\"ann\"", "ann;x", "<ann>", "ann=ann", "uid=ann",
            " * ",
        ])
    func hostileNames(settings: JSONObject, name: String) async throws {
        let ldap = try await LDAPDriver(over: settings)
        for password in ["ann-password", "canary-password", "searcher-password"] {
            #expect(await ldap.refusal(name, password)?.code == .invalidRequest, "\(name)")
            _ = try await ldap.driver.send(.read, "config")
            try await (ldap.driver.method as? any LockingEngine)?.unlock(name)
        }
        // A user of exactly that name is found, and nobody else.
        let trimmed = String(name.trimmingUTF8(" "))
        ldap.directory.add(
            "uid=\(DirectoryText.nameValue(trimmed)),ou=people,dc=example", ["uid": [trimmed]], password: "own-password")
        #expect(try await ldap.logIn(name, "own-password").metadata == ["username": trimmed.lowercased()])
    }

    @Test("a hostile name of an entry does not widen the search for its groups")
    func hostileEntries() async throws {
        let ldap = try await LDAPDriver()
        for uid in ["x)(member=uid=boss,ou=people,dc=example", "*", "boss"] {
            ldap.directory.add("uid=\(uid),ou=odd,ou=people,dc=example", ["uid": [uid]], password: "own-password")
            let grant = try await ldap.logIn(uid, "own-password")
            #expect(grant.groupAliases == [], "\(uid)")
        }
    }

    @Test(
        "a name that directories read in several ways logs nobody in",
        arguments: [
            "a\u{AD}nn", "an\u{200B}n", "\u{FF21}nn", "a\u{FE0F}nn", "an  n", "ann\u{2028}", "ann\u{202E}", "\u{FEFF}ann",
            "ann\u{E000}", "\u{1D41A}nn",
        ])
    func oddSpellings(name: String) async throws {
        for settings in [LDAPDriver.settings, LDAPDriver.direct] {
            let ldap = try await LDAPDriver(over: settings)
            // As a server does that leaves such characters out of a comparison.
            ldap.directory.add(
                "uid=\(DirectoryText.nameValue(name)),ou=people,dc=example", ["uid": ["Ann", name]], password: "ann-password")
            ldap.directory.remove("uid=Ann,ou=people,dc=example")
            // Paths with most of these characters are refused before a method sees them.
            #expect(await ldap.refusal(name, "ann-password") != nil)
            #expect(ldap.directory.log.allSatisfy { !$0.contains("search") })
        }
    }

    @Test("a directory that finds another spelling of a name logs it in under no second alias")
    func otherSpelling() async throws {
        let ldap = try await LDAPDriver()
        // As Active Directory does, which takes é for e.
        ldap.directory.change("uid=Ann,ou=people,dc=example") { $0.attributes["uid"] = ["Rene"] }
        ldap.directory.add("uid=Rene,ou=people,dc=example", ["uid": ["Rene"]], password: "other-password")
        ldap.directory.remove("uid=Ann,ou=people,dc=example")
        #expect(try await ldap.logIn("rene", "other-password").aliasName == "Rene")
        #expect(await ldap.refusal("ren\u{E9}", "other-password")?.code == .invalidRequest)
    }

    @Test("a filter of one's own that finds a user by mail gives the same alias, and the lock of the name holds")
    func ownFilter() async throws {
        let ldap = try await LDAPDriver(["userfilter": "(|(uid={{.Username}})(mail={{.Username}}))"])
        #expect(try await ldap.logIn("ann@example.com", "ann-password").aliasName == "Ann")
        for _ in 0..<5 { #expect(await ldap.refusal("ann", "wrong")?.code == .invalidRequest) }
        #expect(await ldap.refusal("ann@example.com", "ann-password")?.code == .permissionDenied)
    }

    @Test("two entries that match log nobody in")
    func ambiguous() async throws {
        let ldap = try await LDAPDriver()
        ldap.directory.add("uid=ann,ou=more,ou=people,dc=example", ["uid": ["ann"]], password: "ann-password")
        #expect(await ldap.refusal("ann", "ann-password")?.code == .invalidRequest)
    }

    @Test("an unknown user costs the directory the same requests as a known one")
    func sameWork() async throws {
        let ldap = try await LDAPDriver()
        var kinds: Set<[String]> = []
        for name in ["ann", "nobody"] {
            let before = ldap.directory.log.count
            #expect(await ldap.refusal(name, "wrong")?.code == .invalidRequest)
            kinds.insert(ldap.directory.log.dropFirst(before).map { String($0.prefix { $0 != " " }) })
        }
        #expect(kinds == [["bind", "search", "bind"]])
    }

    @Test("a login that fails takes its time, whoever failed")
    func failureTime() async throws {
        let directory = FakeDirectory.ofCompany()
        let driver = try AuthDriver(LDAPMethod.description(failureMilliseconds: 60) { directory })
        try await driver.send(.update, "config", LDAPDriver.settings)
        for name in ["ann", "nobody", "\u{FF21}nn"] {
            let started = ContinuousClock.now
            #expect(await driver.refusal(.update, "login/\(name)", ["password": "wrong"])?.code == .invalidRequest)
            #expect(started.duration(to: .now) >= .milliseconds(60))
        }
    }

    @Test("five failures lock a name, known or not, for every spelling", arguments: ["ann", "nobody"])
    func locks(name: String) async throws {
        let ldap = try await LDAPDriver()
        for spelling in [name, name.uppercased(), " \(name) ", name, name] {
            #expect(await ldap.refusal(spelling, "wrong")?.code == .invalidRequest)
        }
        let before = ldap.directory.log.count
        #expect(await ldap.refusal(name, "ann-password")?.bytes == CofferError.denied.bytes)
        #expect(ldap.directory.log.count == before)
        let locking = try #require(ldap.driver.method as? any LockingEngine)
        #expect(try await locking.lockedNames() == [name])
        try await locking.unlock(name.uppercased())
        let refusal = await ldap.refusal(name, "ann-password")
        #expect((refusal == nil) == (name == "ann"))
    }

    @Test(
        "a directory that cannot be asked is no failure of the user, and is not described",
        arguments: [
            DirectoryError.unreachable("could not connect to the directory"), .refused(51), .invalid("x"), .tooLarge,
        ])
    func unavailable(failure: DirectoryError) async throws {
        let ldap = try await LDAPDriver()
        ldap.directory.state.withLock { $0.failure = failure }
        for _ in 0..<6 {
            let refusal = try #require(await ldap.refusal("ann", "ann-password"))
            #expect(refusal.code == .unavailable && !refusal.message.contains("example.com"))
        }
        ldap.directory.state.withLock { $0.failure = .busy }
        #expect(await ldap.refusal("ann", "ann-password")?.code == .rateLimited)
        ldap.directory.state.withLock { $0.failure = nil }
        #expect(await ldap.refusal("ann", "ann-password") == nil)
    }

    @Test("a wrong password of the account that searches is not taken for the user's")
    func wrongSearcher() async throws {
        let ldap = try await LDAPDriver(["bindpass": "not-it"])
        #expect(await ldap.refusal("ann", "ann-password")?.code == .unavailable)
    }

    @Test("users bind by their own names where nobody searches, and as principals where there is a domain")
    func directBinds() async throws {
        let direct = try await LDAPDriver(over: LDAPDriver.direct)
        #expect(try await direct.logIn("ann", "ann-password").aliasName == "uid=ann,ou=people,dc=example")
        #expect(direct.directory.log.first == "bind uid=ann,ou=people,dc=example")
        let principals = try await LDAPDriver(["upndomain": "example.com"], over: LDAPDriver.direct)
        principals.directory.add(
            "cn=Ben,ou=people,dc=example", ["cn": ["Ben"], "userPrincipalName": ["ben@example.com"]])
        principals.directory.add("ben@example.com", password: "ben-password")
        principals.directory.add("cn=Team,ou=groups,dc=example", ["cn": ["Team"], "member": ["cn=Ben,ou=people,dc=example"]])
        let grant = try await principals.logIn("ben", "ben-password")
        #expect(grant.aliasName == "ben@example.com" && grant.groupAliases == ["team"])
        for name in ["ben@evil", "ben\\x", "cn=ben,ou=people,dc=example"] {
            #expect(await principals.refusal(name, "ben-password")?.code == .invalidRequest)
        }
    }

    @Test("group names come from distinguished names only where an attribute holds such names")
    func groupNames() async throws {
        let ldap = try await LDAPDriver([
            "groupdn": "ou=people,dc=example", "groupfilter": "(uid={{.Username}})", "groupattr": "memberOf",
        ])
        ldap.directory.change("uid=Ann,ou=people,dc=example") {
            $0.attributes["memberOf"] = ["CN=Big Ones\\, Ltd,ou=groups,dc=example", "plain", "ou=none,dc=example"]
        }
        #expect(try await ldap.logIn("ann", "ann-password").groupAliases == ["big ones, ltd", "ou=none,dc=example", "plain"])
        let byName = try await LDAPDriver()
        byName.directory.add("cn=x,ou=groups,dc=example", ["cn": ["cn=admins,dc=example"], "memberUid": ["ann"]])
        #expect(try await byName.logIn("ann", "ann-password").groupAliases == ["cn=admins,dc=example", "staff"])
    }
}

@Suite("LDAP: renewals")
struct LDAPRenewalTests {
    @Test("a renewal asks the directory again, without the password")
    func asksAgain() async throws {
        let ldap = try await LDAPDriver()
        try await ldap.driver.send(.update, "groups/staff", ["policies": "staff-policy"])
        let grant = try await ldap.logIn("ann", "ann-password")
        #expect(try await ldap.renewed(grant).policies == ["staff-policy"])
        ldap.directory.remove("cn=Staff,ou=groups,dc=example")
        #expect(try await ldap.renewed(grant).policies == [])
        ldap.directory.remove("uid=Ann,ou=people,dc=example")
        await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
    }

    @Test(
        "a changed password and a closed account end renewals",
        arguments: [
            ("pwdChangedTime", "20260101000000Z"), ("pwdLastSet", "2"), ("userAccountControl", "514"), ("nsAccountLock", "TRUE"),
            ("pwdAccountLockedTime", "000001010000Z"),
        ])
    func closed(attribute: String, value: String) async throws {
        let ldap = try await LDAPDriver()
        ldap.directory.change("uid=Ann,ou=people,dc=example") {
            $0.attributes["pwdChangedTime"] = ["20250101000000Z"]
            $0.attributes["pwdLastSet"] = ["1"]
            $0.attributes["userAccountControl"] = ["512"]
        }
        let grant = try await ldap.logIn("ann", "ann-password")
        #expect(try await ldap.renewed(grant).aliasName == "Ann")
        ldap.directory.change("uid=Ann,ou=people,dc=example") { $0.attributes[attribute] = [value] }
        await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
    }

    @Test("without an account that searches, no renewal is granted and no password is kept")
    func direct() async throws {
        let ldap = try await LDAPDriver(over: LDAPDriver.direct)
        let grant = try await ldap.logIn("ann", "ann-password")
        #expect(!"\(grant)".contains("ann-password"))
        #expect(try await !ldap.driver.dump().contains("ann-password"))
        await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
    }

    @Test("a directory that is down neither renews nor ends anything")
    func down() async throws {
        let ldap = try await LDAPDriver()
        let grant = try await ldap.logIn("ann", "ann-password")
        ldap.directory.state.withLock { $0.failure = .unreachable("could not connect to the directory") }
        await #expect(throws: CofferError.self) { try await ldap.renewed(grant) }
        ldap.directory.state.withLock { $0.failure = nil }
        #expect(try await ldap.renewed(grant).aliasName == "Ann")
    }
}
