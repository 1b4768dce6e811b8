import AuthMethods
import EngineKit
import Syntax
import TestSupport
import Testing

/// What a method needs to be put to the suite that every auth method passes.
struct AuthMethodSubject: Sendable, CustomTestStringConvertible {
    var description: EngineDescription
    /// Where the role or user is written.
    var account: String
    /// Sent with every first write of it.
    var base: JSONObject
    /// Makes a login of what was written: its path and body.
    var login: @Sendable (AuthDriver) async throws -> (path: String, body: JSONObject)
    /// Logins that must all look alike.
    var failures: @Sendable (AuthDriver) async throws -> [(path: String, body: JSONObject)]
    var displayName: String
    /// Texts that no answer and no record may hold.
    var secrets: [String]
    /// Done once before the first write.
    var prepare: @Sendable (AuthDriver) async throws -> Void = { _ in }
    /// The credential is somebody else's statement. Refusals then have the texts of the Vault API, which say what is wrong with it, and
    /// a later account of the same name takes it as well.
    var takesStatements = false
    /// Patterns of open paths beside the login.
    var openPaths: Set<String> = []
    /// What every request presents.
    var certificateChain: [[UInt8]] = []
    /// A first write of an account of the same name that is for other credentials.
    var another: JSONObject = ["password": "another"]
    /// Whether there are tokens of versions that noted nothing for renewals.
    var hasFormerLogins = true
    /// How a failed login is refused.
    var refusal = CofferError.Code.invalidRequest

    var testDescription: String { description.type }

    static let appRole = AuthMethodSubject(
        description: AppRoleMethod.description, account: "role/app", base: [:],
        login: { driver in
            let role = try await driver.data(.read, "role/app/role-id")
            let secret = try await driver.data(.update, "role/app/secret-id")
            return ("login", ["role_id": role["role_id"] ?? .null, "secret_id": secret["secret_id"] ?? .null])
        },
        failures: { driver in
            let role = try await driver.data(.read, "role/app/role-id")["role_id"] ?? .null
            let expired = try await driver.data(.update, "role/app/secret-id", ["ttl": 1])["secret_id"] ?? .null
            let destroyed = try await driver.data(.update, "role/app/secret-id")["secret_id"] ?? .null
            try await driver.send(.update, "role/app/secret-id/destroy", ["secret_id": destroyed])
            let elsewhere = try await driver.data(.update, "role/app/secret-id", ["cidr_list": "10.9.9.9"])["secret_id"] ?? .null
            driver.time.advance(seconds: 2)
            return [
                ("login", ["role_id": "canary-unknown", "secret_id": "canary-x"]),
                ("login", ["role_id": "canary-unknown"]), ("login", ["role_id": role]),
                ("login", ["role_id": role, "secret_id": "canary-wrong"]),
                ("login", ["role_id": role, "secret_id": expired]), ("login", ["role_id": role, "secret_id": destroyed]),
                ("login", ["role_id": role, "secret_id": elsewhere]),
                ("login", ["role_id": "canary-unknown", "secret_id": expired]),
                ("login", ["role_id": role, "secret_id": .string(String(repeating: "x", count: 100_000))]),
            ]
        },
        displayName: "approle", secrets: [])

    static let userpass = AuthMethodSubject(
        description: UserpassMethod.description(hasher: CountingHasher(), gate: wideGate), account: "users/app",
        base: ["password": "canary-password"],
        login: { _ in ("login/app", ["password": "canary-password"]) },
        failures: { _ in
            [
                ("login/nobody", ["password": "canary-password"]), ("login/app", ["password": "canary-wrong"]),
                ("login/APP", ["password": "canary-wrong"]), ("login/-not a name-", ["password": "canary-wrong"]),
                ("login/other", ["password": .string(String(repeating: "x", count: 100_000))]),
            ]
        },
        displayName: "userpass-app", secrets: ["canary-password"])

    /// Methods whose tokens are described by accounts of their own, each under a name.
    static let withAccounts = [appRole, userpass, certificate, kubernetes] + [jwt].compactMap(\.self)
    /// The others describe the tokens in the settings of the mount.
    static let all = withAccounts + [ldap, gitHub]

    func driver(_ fields: JSONObject = [:], storage: any Storage = StampingStorage(MemoryStorage())) async throws -> AuthDriver {
        var driver = try AuthDriver(description, storage: storage)
        driver.certificateChain = certificateChain
        try await prepare(driver)
        try await write(driver, fields)
        return driver
    }

    func write(_ driver: AuthDriver, _ fields: JSONObject) async throws {
        try await driver.send(.update, account, JSONObject(base.members + fields.members))
    }
}

@Suite("Every auth method")
struct AuthMethodContract {
    private static let tokenFields: [(name: String, value: JSON, shown: JSON)] = [
        ("token_ttl", "10m", 600), ("token_max_ttl", "2h", 7200), ("token_explicit_max_ttl", 10_800, 10_800),
        ("token_period", "1d", 86_400), ("token_num_uses", 3, 3), ("token_policies", "B, a,b", ["a", "b"]),
        ("token_bound_cidrs", ["127.0.0.0/8", "::1"], ["127.0.0.0/8", "::1"]), ("token_no_default_policy", true, true),
        ("token_type", "service", "service"),
    ]
    private static let defaults: JSONObject = [
        "token_ttl": 0, "token_max_ttl": 0, "token_explicit_max_ttl": 0, "token_period": 0, "token_num_uses": 0,
        "token_policies": [], "token_bound_cidrs": [], "token_no_default_policy": false, "token_type": "default",
    ]

    @Test("declares logins open and nothing else", arguments: AuthMethodSubject.all)
    func declarations(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        let login = try await subject.login(driver).path
        for path in driver.method.paths {
            let isLogin = path.pattern.match(login[...]) != nil
            switch path.access {
            case .unauthenticated: #expect(isLogin || subject.openPaths.contains(path.pattern.description), "\(path.pattern)")
            case .token, .sudo: #expect(!isLogin, "\(path.pattern)")
            }
            #expect(!path.summary.isEmpty && !path.endpoints.isEmpty)
            #expect(path.endpoints.values.allSatisfy { !$0.summary.isEmpty })
            #expect(path.fields.allSatisfy { !$0.details.isEmpty })
            #expect(Set(path.fields.map(\.name)).count == path.fields.count, "\(path.pattern) declares a field twice")
            #expect(Set(path.pattern.captureNames).isSubset(of: path.fields.map(\.name)))
            // No path is hidden behind another.
            let sample = path.pattern.description.replacing("{", with: "").replacing("}", with: "")
            #expect(driver.declared(sample)?.0.pattern == path.pattern, "\(path.pattern)")
        }
    }

    @Test("a good login says who it is, by which mount, and with what", arguments: AuthMethodSubject.all)
    func login(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver(["token_policies": "dev"])
        let (path, body) = try await subject.login(driver)
        let grant = try await driver.grant(path, body)
        #expect(grant.displayName == subject.displayName)
        #expect(!grant.aliasName.isEmpty)
        #expect(grant.policies == ["dev"])
        #expect(grant.terms.isRenewable && grant.terms.type == .default)
        #expect(try await driver.grant(path, body).aliasName == grant.aliasName)
        let later = try driver.restarted()
        #expect(try await later.grant(path, body).aliasName == grant.aliasName)
    }

    @Test("one field alone changes that field alone", arguments: AuthMethodSubject.all, tokenFields.indices)
    func fieldAlone(subject: AuthMethodSubject, index: Int) async throws {
        let field = Self.tokenFields[index]
        let driver = try await subject.driver()
        try await driver.send(.update, subject.account, JSONObject([.init(key: field.name, value: field.value)]))
        let shown = try await driver.data(.read, subject.account)
        for member in Self.defaults {
            #expect(shown[member.key] == (member.key == field.name ? field.shown : member.value), "\(member.key)")
        }
        let again = try await driver.restarted().data(.read, subject.account)
        #expect(again == shown)
    }

    @Test("all fields together reach the token", arguments: AuthMethodSubject.all)
    func fieldsTogether(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver(JSONObject(Self.tokenFields.map { .init(key: $0.name, value: $0.value) }))
        let shown = try await driver.data(.read, subject.account)
        for field in Self.tokenFields { #expect(shown[field.name] == field.shown, "\(field.name)") }
        let (path, body) = try await subject.login(driver)
        let grant = try await driver.grant(path, body)
        var terms = TokenTerms()
        (terms.ttl, terms.maxTTL, terms.explicitMaxTTL, terms.period, terms.uses) = (600, 7200, 10_800, 86_400, 3)
        terms.type = .service
        terms.boundCIDRs = ["127.0.0.0/8", "::1"]
        #expect(grant.terms == terms)
        #expect(grant.policies == ["a", "b"])
        #expect(grant.withoutDefaultPolicy)
    }

    @Test(
        "refuses a bad field by its name and does not repeat the value", arguments: AuthMethodSubject.all,
        [
            ("token_ttl", "canary"), ("token_ttl", -1), ("token_ttl", "99999999999999d"), ("token_max_ttl", "1.5s"),
            ("token_explicit_max_ttl", ["canary"]), ("token_period", "-5m"), ("token_num_uses", -1),
            ("token_num_uses", 9_999_999_999), ("token_num_uses", "canary"), ("token_bound_cidrs", "canary"),
            ("token_bound_cidrs", ","), ("token_bound_cidrs", [""]), ("token_bound_cidrs", "10.0.0.0/33"),
            ("token_bound_cidrs", ["10.0.0.0/8", "canary"]), ("token_no_default_policy", "canary"), ("token_type", "canary"),
            ("token_policies", ["canary": 1]),
        ] as [(String, JSON)])
    func refusesBadFields(subject: AuthMethodSubject, field: (name: String, value: JSON)) async throws {
        let driver = try await subject.driver()
        let before = try await driver.records()
        let refusal = await driver.refusal(.update, subject.account, JSONObject([.init(key: field.name, value: field.value)]))
        #expect(refusal?.code == .invalidRequest)
        #expect(refusal?.message.contains(field.name) == true)
        #expect(refusal?.message.contains("canary") == false)
        #expect(try await driver.records() == before)
    }

    @Test(
        "never takes the root policy, however it is written", arguments: AuthMethodSubject.all,
        ["root", "ROOT", " root", "ｒｏｏｔ", "dev,Root", "../root"])
    func refusesRoot(subject: AuthMethodSubject, policy: String) async throws {
        let driver = try await subject.driver()
        let fields = driver.declared(subject.account)?.0.fields.map(\.name) ?? []
        for name in ["token_policies", "policies"] where fields.contains(name) {
            // Blanks around a name in a list are no part of it, so a list of one name is sent as one.
            let value: JSON = policy.contains(",") ? .string(policy) : [.string(policy)]
            let refusal = await driver.refusal(.update, subject.account, JSONObject([.init(key: name, value: value)]))
            #expect(refusal?.code == .invalidRequest)
        }
        #expect(try await driver.data(.read, subject.account)["token_policies"] == [])
    }

    @Test("refuses a first life longer than the longest", arguments: AuthMethodSubject.all)
    func ttlOrder(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver(["token_ttl": "1h", "token_max_ttl": "2h"])
        #expect(await driver.refusal(.update, subject.account, ["token_ttl": "3h"])?.code == .invalidRequest)
        #expect(await driver.refusal(.update, subject.account, ["token_max_ttl": "30m"])?.code == .invalidRequest)
        #expect(await driver.refusal(.update, subject.account, ["token_ttl": "3h", "token_max_ttl": "4h"]) == nil)
    }

    @Test("every failed login has the same bytes, and repeats nothing", arguments: AuthMethodSubject.all)
    func failuresAlike(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        var seen: Set<String> = []
        for (path, body) in try await subject.failures(driver) {
            let refusal = try #require(await driver.refusal(.update, path, body))
            #expect(refusal.code == subject.refusal)
            #expect(!refusal.bytes.contains("canary"))
            seen.insert(refusal.bytes)
        }
        #expect(seen.count == 1)
    }

    @Test("bound addresses hold at the login too, and look like any failure", arguments: AuthMethodSubject.all)
    func boundAddresses(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver(["token_bound_cidrs": "10.0.0.0/8"])
        let (path, body) = try await subject.login(driver)
        #expect(try await driver.grant(path, body, from: "10.1.2.3").terms.boundCIDRs == ["10.0.0.0/8"])
        #expect(try await driver.grant(path, body, from: "::ffff:10.1.2.3").terms.boundCIDRs == ["10.0.0.0/8"])
        let failure = try #require(await driver.refusal(.update, path, body, from: "11.1.2.3"))
        #expect(!subject.takesStatements || failure.code == .permissionDenied)
        #expect(await driver.refusal(.update, path, body, from: "")?.bytes == failure.bytes)
        let wrong = try #require(try await subject.failures(driver).first)
        let other = await driver.refusal(.update, wrong.path, wrong.body, from: "10.1.2.3")?.bytes
        #expect(subject.takesStatements ? other != nil : other == failure.bytes)
        // An empty list is the way to unbind, and only an empty one.
        try await driver.send(.update, subject.account, ["token_bound_cidrs": []])
        #expect(await driver.refusal(.update, path, body, from: "11.1.2.3") == nil)
    }

    @Test("names in either case and with blanks around them are one account", arguments: AuthMethodSubject.withAccounts)
    func oneName(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver(["token_policies": "dev"])
        let folder = String(subject.account.dropLast(3))
        for spelling in ["APP", "App", " app ", "aPP "] {
            #expect(try await driver.data(.read, folder + spelling)["token_policies"] == ["dev"])
        }
        try await subject.write(driver, ["token_policies": "ops"])
        #expect(try await driver.keys(String(folder.dropLast())) == ["app"])
        for name in ["-a", "a b", "ａpp", "\u{E1}pp", "a,b", "*", "+", String(repeating: "a", count: 129)] {
            #expect(await driver.refusal(.update, folder + name, subject.base)?.code == .invalidRequest, "\(name)")
            #expect(await driver.refusal(.read, folder + name)?.code == .notFound, "\(name)")
        }
        try await driver.send(.delete, folder + "APP")
        #expect(try await driver.keys(String(folder.dropLast())) == [])
        #expect(await driver.refusal(.delete, folder + "app") == nil)
    }

    @Test("a deleted account logs nobody in, nor does a new one of its name", arguments: AuthMethodSubject.withAccounts)
    func deleted(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        let (path, body) = try await subject.login(driver)
        #expect(await driver.refusal(.update, path, body) == nil)
        try await driver.send(.delete, subject.account)
        #expect(await driver.refusal(.update, path, body)?.code == subject.refusal)
        guard !subject.takesStatements else { return }
        try await driver.send(.update, subject.account, subject.another)
        #expect(await driver.refusal(.update, path, body)?.code == subject.refusal)
    }

    @Test("no answer and no record holds a secret", arguments: AuthMethodSubject.all)
    func secretsStaySecret(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        let (path, body) = try await subject.login(driver)
        _ = try await driver.grant(path, body)
        let secrets = subject.secrets + ["secret_id", "password"].compactMap { body[$0]?.stringValue }
        let dump = try await driver.dump()
        let shown = String(decoding: JSON.object(try await driver.data(.read, subject.account)).encoded(), as: UTF8.self)
        for secret in secrets {
            #expect(!dump.contains(secret))
            #expect(!shown.contains(secret))
        }
    }

    @Test("without its storage it lets nobody in", arguments: AuthMethodSubject.all)
    func failingStorage(subject: AuthMethodSubject) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let driver = try await subject.driver(storage: storage)
        let (path, body) = try await subject.login(driver)
        storage.failReads()
        #expect(await driver.refusal(.update, path, body)?.code == .unavailable)
        storage.heal()
        #expect(await driver.refusal(.update, path, body) == nil)
    }

    @Test("no value of any kind in any field brings it down", arguments: AuthMethodSubject.all)
    func oddValues(subject: AuthMethodSubject) async throws {
        let values: [JSON] = [
            .null, true, 0, -1, .number("1e400"), .number("99999999999999999999"), "", "canary", "\u{0}", ",", [], [[]], [.null],
            [1], [:], ["a": "canary"], .string(String(repeating: "é", count: 5_000)),
            .strings((0..<1_000).map { "canary\($0)" }),
        ]
        let driver = try await subject.driver()
        for path in driver.method.paths {
            let sample = path.pattern.description.replacing("{role_name}", with: "app").replacing("{username}", with: "app")
                .replacing("{name}", with: "app")
            for field in path.fields where !path.pattern.captureNames.contains(field.name) {
                for value in values {
                    for operation in path.endpoints.keys.sorted(by: { $0.rawValue < $1.rawValue }) where operation != .delete {
                        let body = JSONObject([.init(key: field.name, value: value)])
                        guard let refusal = await driver.refusal(operation, sample, body) else { continue }
                        #expect(
                            [.invalidRequest, .notFound, .permissionDenied, .methodNotAllowed].contains(refusal.code),
                            "\(sample) \(field.name) \(refusal.code)")
                        // The text of a protocol may name the role.
                        if subject.takesStatements, field.name == "role" { continue }
                        #expect(!refusal.message.contains("canary"), "\(sample) \(field.name)")
                    }
                }
            }
        }
    }

    @Test("damaged records are refused, not trusted", arguments: AuthMethodSubject.all)
    func damaged(subject: AuthMethodSubject) async throws {
        let made = try await subject.driver()
        let (path, body) = try await subject.login(made)
        for (key, value) in try await made.records() {
            for cut in [0, 1, value.count / 2, value.count - 1] where cut < value.count && cut >= 0 {
                var batch = Batch()
                batch.put(key, Array(value[..<cut]))
                try await made.storage.commit(batch)
                let code = await (try made.restarted()).refusal(.update, path, body)?.code
                #expect([nil, .internal, subject.refusal].contains(code), "\(key) cut to \(cut)")
                #expect(code != nil || key.contains("expiry") || key.contains("accessor"), "\(key) cut to \(cut)")
            }
            var batch = Batch()
            batch.put(key, value)
            try await made.storage.commit(batch)
        }
        #expect(await (try made.restarted()).refusal(.update, path, body) == nil)
    }

    @Test("lists its accounts in pages", arguments: AuthMethodSubject.withAccounts)
    func pages(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        let folder = String(subject.account.dropLast(4))
        for index in 1...5 { try await driver.send(.update, "\(folder)/n\(index)", subject.base) }
        #expect(try await driver.keys(folder) == ["app", "n1", "n2", "n3", "n4", "n5"])
        #expect(try await driver.keys(folder, ["after": "n2", "limit": 2]) == ["n3", "n4"])
        #expect(try await driver.keys(folder, ["after": "n5"]) == [])
    }
}
