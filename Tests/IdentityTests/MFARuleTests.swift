import EngineKit
import OneTimeCodes
import Syntax
import TestSupport
import Testing
@testable import Identity

@Suite("MFA methods, enforcements and secrets")
struct MFARuleTests {
    private let identity = IdentityDriver(isAuthType: ["userpass", "approle"])

    private func method(_ more: JSONObject = [:]) async throws -> String {
        var body = more
        if body["issuer"] == nil { body["issuer"] = "Coffer" }
        return try await identity.data(.update, "mfa/method/totp", body)["method_id"]?.stringValue ?? ""
    }

    private func enforce(_ name: String, _ body: JSONObject) async throws {
        try await identity.send(.update, "mfa/login-enforcement/\(name)", body)
    }

    // MARK: Methods

    @Test("a method has Vault's defaults, is read under its type and without, and is listed")
    func defaults() async throws {
        let id = try await method(["method_name": "phone"])
        let expected: JSONObject = [
            "algorithm": "SHA1", "digits": 6, "id": .string(id), "issuer": "Coffer", "key_size": 20, "max_validation_attempts": 5,
            "name": "phone", "namespace_id": "root", "namespace_path": "", "period": 30, "qr_size": 200, "skew": 1, "type": "totp",
        ]
        for path in ["mfa/method/totp/\(id)", "mfa/method/\(id)"] {
            #expect(try await identity.data(.read, path) == expected)
        }
        for path in ["mfa/method/totp", "mfa/method"] {
            let listed = try await identity.data(.list, path)
            #expect(listed["keys"] == .array([.string(id)]))
            #expect(listed["key_info"]?[id] == .object(expected))
        }
    }

    @Test(
        "what a method cannot be is refused in Vault's words where it has any",
        arguments: [
            (["issuer": ""], "issuer must be set"), (["digits": 7], "digits can only be 6 or 8"),
            (["skew": 2], "skew must be 0 or 1"),
            (["period": 0], "period must be greater than zero"), (["period": "2h"], "field 'period' must be at most one hour"),
            (["key_size": 0], "field 'key_size' must be between 16 and 128"),
            (["key_size": 129], "field 'key_size' must be between 16 and 128"),
            (["qr_size": -1], "field 'qr_size' must be between 0 and 1000"), (["algorithm": "MD5"], "unrecognized algorithm"),
            (["max_validation_attempts": -1], "max_validation_attempts must be greater than zero"),
            (["max_validation_attempts": 101], "field 'max_validation_attempts' must be at most 100"),
            (["issuer": "a:b"], "field 'issuer' must have at most 128 bytes, without colons and control characters"),
        ] as [(JSONObject, String)])
    func bounds(body: JSONObject, message: String) async throws {
        var body = body
        if body["issuer"] == nil { body["issuer"] = "Coffer" }
        let refusal = await identity.refusal(.update, "mfa/method/totp", body)
        #expect(refusal?.messages == [message] && refusal?.code == .invalidRequest)
        #expect(try await identity.keys().isEmpty)
    }

    @Test(
        "a name that splits X-Vault-MFA, or looks like the id of another method, is refused",
        arguments: ["a:b", "a,b", "a b", "ID"])
    func names(name: String) async throws {
        let other = try await method()
        let name = name == "ID" ? other.uppercased() : name
        let refusal = await identity.refusal(.update, "mfa/method/totp", ["issuer": "x", "method_name": .string(name)])
        #expect(refusal?.code == .invalidRequest)
    }

    @Test("a write with a known name changes that method; names are not taken from another; an unknown id is not found")
    func naming() async throws {
        let phone = try await method(["method_name": "phone"])
        #expect(try await method(["method_name": "phone", "digits": 8]) == phone)
        let token = try await method(["method_name": "token"])
        #expect(await identity.refusal(.update, "mfa/method/totp/\(token)", ["method_name": "phone"])?.code == .invalidRequest)
        try await identity.send(.update, "mfa/method/totp/\(token)", ["method_name": "fob", "max_validation_attempts": 0])
        #expect(try await identity.data(.read, "mfa/method/\(token)")["max_validation_attempts"] == 5)
        #expect(try await method(["method_name": "token"]) != token)
        let unknown = "11111111-1111-1111-1111-111111111111"
        #expect(await identity.refusal(.update, "mfa/method/totp/\(unknown)", ["issuer": "x"])?.code == .notFound)
        #expect(await identity.refusal(.read, "mfa/method/totp/\(unknown)")?.code == .notFound)
    }

    @Test("methods of other types are refused by name", arguments: ["duo", "okta", "pingid"])
    func otherTypes(type: String) async throws {
        for path in ["mfa/method/\(type)", "mfa/method/\(type)/x"] {
            let refusal = await identity.refusal(.update, path, ["integration_key": "k"])
            #expect(refusal?.messages == ["MFA methods of the type \(type) are not supported; use identity/mfa/method/totp"])
        }
    }

    // MARK: Enforcements

    @Test("an enforcement needs methods and logins that exist")
    func enforcementBounds() async throws {
        let id = JSON.string(try await method())
        let cases: [(JSONObject, String)] = [
            (["auth_method_types": ["userpass"]], "missing method ids"),
            (
                ["mfa_method_ids": [id]],
                "One of auth_method_accessors, auth_method_types, identity_group_ids, identity_entity_ids must be specified"
            ),
            (["mfa_method_ids": ["x"], "auth_method_types": ["userpass"]], "one of the provided method ids doesn't exist"),
            (["mfa_method_ids": [id], "auth_method_types": ["nope"]], "one of the auth method types provided is invalid"),
            (["mfa_method_ids": [id], "auth_method_accessors": ["nope"]], "one of the auth method accessors provided is invalid"),
            (["mfa_method_ids": [id], "auth_method_accessors": ["kv_1"]], "one of the auth method accessors provided is invalid"),
            (["mfa_method_ids": [id], "identity_group_ids": ["nope"]], "one of the provided group ids doesn't exist"),
            (["mfa_method_ids": [id], "identity_entity_ids": ["nope"]], "one of the provided entity ids doesn't exist"),
            (
                ["mfa_method_ids": [id], "auth_method_types": ["token"]],
                "tokens are created by callers that have logged in, so an enforcement for the method token would apply to no login"
            ),
        ]
        for (body, message) in cases {
            #expect(await identity.refusal(.update, "mfa/login-enforcement/one", body)?.messages == [message])
        }
        for name in ["-a", "a.", "a/b", "a b", String(repeating: "a", count: 129)] {
            let body: JSONObject = ["mfa_method_ids": [id], "auth_method_types": ["userpass"]]
            #expect(await identity.refusal(.update, "mfa/login-enforcement/\(name)", body) != nil)
        }
        #expect(await identity.refusal(.list, "mfa/login-enforcement")?.code == .notFound)
    }

    @Test("an enforcement is read, listed, changed in part, and deleted")
    func enforcements() async throws {
        let id = try await method()
        try await enforce("one", ["mfa_method_ids": [.string(id)], "auth_method_types": "userpass, approle"])
        var shown = try await identity.data(.read, "mfa/login-enforcement/one")
        #expect(shown["auth_method_types"] == ["userpass", "approle"] && shown["mfa_method_ids"] == [.string(id)])
        let uuid = shown["id"]
        try await enforce("one", ["auth_method_types": [], "auth_method_accessors": ["auth_approle_1"]])
        shown = try await identity.data(.read, "mfa/login-enforcement/one")
        #expect(shown["auth_method_types"] == [] && shown["auth_method_accessors"] == ["auth_approle_1"] && shown["id"] == uuid)
        #expect(try await identity.data(.list, "mfa/login-enforcement")["key_info"]?["one"] == .object(shown))
        #expect(
            await identity.refusal(.update, "mfa/login-enforcement/one", ["auth_method_accessors": []])?.code == .invalidRequest)
        try await identity.send(.delete, "mfa/login-enforcement/one")
        try await identity.send(.delete, "mfa/login-enforcement/one")
        #expect(await identity.refusal(.read, "mfa/login-enforcement/one")?.code == .notFound)
    }

    @Test("a method that an enforcement names cannot be deleted; then it goes with all secrets and its name")
    func deletion() async throws {
        let id = try await method(["method_name": "phone"])
        let ann = try await identity.entity("ann")
        try await identity.send(.update, "mfa/method/totp/admin-generate", ["method_id": .string(id), "entity_id": .string(ann)])
        try await enforce("one", ["mfa_method_ids": [.string(id)], "auth_method_types": ["userpass"]])
        #expect(
            await identity.refusal(.delete, "mfa/method/totp/\(id)")?.messages
                == ["methodID is still used by an enforcement configuration with the name one"])
        try await identity.send(.delete, "mfa/login-enforcement/one")
        try await identity.send(.delete, "mfa/method/totp/\(id)")
        try await identity.send(.delete, "mfa/method/totp/\(id)")
        #expect(try await identity.keys().filter { $0.utf8.starts(with: "mfa/".utf8) } == ["mfa/generation"])
    }

    @Test("with a damaged enforcement nobody logs in, until it is written again or deleted")
    func damage() async throws {
        let id = try await method()
        try await enforce("one", ["mfa_method_ids": [.string(id)], "auth_method_types": ["userpass"]])
        var batch = Batch()
        batch.put("mfa/enforcement/one", Array("{}".utf8))
        try await identity.storage.commit(batch)
        try await identity.store.mfa.load()
        #expect(identity.store.mfa.damagedKeys == ["mfa/enforcement/one"])
        #expect(throws: CofferError.self) {
            try identity.store.mfa.constraints(accessor: "a", type: "approle", entity: nil)
        }
        try await enforce("one", ["mfa_method_ids": [.string(id)], "auth_method_types": ["approle"]])
        #expect(try identity.store.mfa.constraints(accessor: "a", type: "approle", entity: nil).count == 1)
        try await identity.storage.commit(batch)
        try await identity.store.mfa.load()
        try await identity.send(.delete, "mfa/login-enforcement/one")
        #expect(try identity.store.mfa.constraints(accessor: "a", type: "approle", entity: nil).isEmpty)
    }

    // MARK: Secrets

    @Test("a secret is shown once, as a URL and as a picture, and another needs that it is destroyed")
    func secrets() async throws {
        let id = try await method(["method_name": "phone"])
        let ann = try await identity.entity("ann")
        _ = try await identity.alias("ann@example.org", of: ann)
        let body: JSONObject = ["method_id": .string(id), "entity_id": .string(ann)]
        let made = try await identity.data(.update, "mfa/method/totp/admin-generate", body)
        let url = made["url"]?.stringValue ?? ""
        #expect(
            url.utf8.starts(
                with: "otpauth://totp/Coffer:ann%40example.org?algorithm=SHA1&digits=6&issuer=Coffer&period=30&secret=".utf8))
        #expect(url.utf8.suffix(32).allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8.contains($0) })
        let image = Base64.decode(made["barcode"]?.stringValue ?? "") ?? []
        #expect(image.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let again = try await identity.send(.update, "mfa/method/totp/admin-generate", body)
        #expect(again.warnings == ["Entity already has a secret for MFA method \"phone\""])
        #expect(try await identity.data(.read, "entity/id/\(ann)")["mfa_secrets"] == [id: ["type": "totp"]])
        try await identity.send(.update, "mfa/method/totp/admin-destroy", body)
        #expect(try await identity.data(.read, "entity/id/\(ann)")["mfa_secrets"] == [:])
        var svg = body
        svg["qr_format"] = "svg"
        let drawn = try await identity.data(.update, "mfa/method/totp/admin-generate", svg)
        #expect(drawn["url"]?.stringValue != url)
        let drawing = Base64.decode(drawn["barcode"]?.stringValue ?? "") ?? []
        #expect(drawing.starts(with: "<svg ".utf8))
    }

    @Test("secrets are generated for what exists only")
    func refusedSecrets() async throws {
        let id = try await method(["qr_size": 0])
        let ann = try await identity.entity("ann")
        let cases: [(String, JSONObject, String)] = [
            ("admin-generate", ["entity_id": .string(ann)], "missing method ID"),
            ("admin-generate", ["method_id": .string(id)], "missing entityID"),
            ("admin-generate", ["method_id": .string(id), "entity_id": "x"], "invalid entity ID"),
            (
                "admin-generate", ["method_id": "zz", "entity_id": .string(ann)],
                "configuration for method ID \"zz\" does not exist"
            ),
            ("generate", ["method_id": .string(id)], "missing entityID"),
            ("admin-destroy", ["method_id": .string(id)], "missing entity ID"),
            ("admin-destroy", ["entity_id": .string(ann)], "missing method ID"),
        ]
        for (path, body, message) in cases {
            #expect(await identity.refusal(.update, "mfa/method/totp/\(path)", body)?.messages == [message])
        }
        let made = try await identity.data(
            .update, "mfa/method/totp/admin-generate", ["method_id": .string(id), "entity_id": .string(ann)])
        #expect(made["barcode"] == nil && made["url"] != nil)
    }

    @Test("secrets go with their entity, and to the entity that it is merged into")
    func entities() async throws {
        let (phone, fob) = (try await method(), try await method())
        let (ann, bob) = (try await identity.entity("ann"), try await identity.entity("bob"))
        for (method, entity) in [(phone, ann), (fob, ann), (fob, bob)] {
            try await identity.send(
                .update, "mfa/method/totp/admin-generate", ["method_id": .string(method), "entity_id": .string(entity)])
        }
        let bobs = try await identity.storage.get("mfa/secret/\(fob)/\(bob)")?.value
        let merge: JSONObject = ["from_entity_ids": [.string(ann)], "to_entity_id": .string(bob)]
        #expect(await identity.refusal(.update, "entity/merge", merge)?.code == .invalidRequest)
        var forced = merge
        forced["force"] = true
        try await identity.send(.update, "entity/merge", forced)
        #expect(try await identity.storage.get("mfa/secret/\(fob)/\(bob)")?.value == bobs)
        #expect(try await identity.storage.get("mfa/secret/\(phone)/\(bob)") != nil)
        #expect(try await identity.keys().filter { $0.utf8.starts(with: "mfa/secret/".utf8) }.count == 2)
        #expect(try await identity.data(.read, "entity/id/\(bob)")["mfa_secrets"]?.objectValue?.count == 2)
        try await identity.send(.delete, "entity/id/\(bob)")
        #expect(
            try await !identity.keys().contains {
                $0.utf8.starts(with: "mfa/secret/".utf8) || $0.utf8.starts(with: "mfa/enrolled/".utf8)
            })
    }
}

@Suite("Uses of an enrolled secret")
struct EnrolledSecretTests {
    private let start = 1_800_000_000

    private func secret() -> EnrolledSecret { EnrolledSecret(key: Array("12345678901234567890".utf8), createdAt: start) }

    private func code(_ secret: EnrolledSecret, at seconds: Int) -> String {
        String(decoding: secret.codes.code(secret.key, step: secret.codes.step(at: seconds)), as: UTF8.self)
    }

    @Test("a code is good once, and so are all before it")
    func once() {
        var secret = secret()
        let (earlier, now, next) = (code(secret, at: start - 30), code(secret, at: start), code(secret, at: start + 30))
        #expect(secret.take(now, at: start, attemptsMax: 5) == .right)
        #expect(secret.take(now, at: start, attemptsMax: 5) == .used)
        #expect(secret.take(now, at: start + 30, attemptsMax: 5) == .used)
        #expect(secret.take(earlier, at: start, attemptsMax: 5) == .used)
        // A clock that is ahead by one step.
        #expect(secret.take(next, at: start, attemptsMax: 5) == .right)
        #expect(secret.take(code(secret, at: start + 60), at: start, attemptsMax: 5) == .wrong)
    }

    @Test("wrong codes block, also right ones, and each block is twice as long as the one before, up to an hour")
    func blocks() {
        var secret = secret()
        var now = start
        var lengths: [Int] = []
        for _ in 0..<8 {
            for _ in 0..<5 { #expect(secret.take("x", at: now, attemptsMax: 5) == .wrong) }
            guard case .blocked(let seconds) = secret.take(code(secret, at: now), at: now, attemptsMax: 5) else {
                return #expect(Bool(false))
            }
            lengths.append(seconds)
            #expect(secret.take(code(secret, at: now), at: now + seconds - 1, attemptsMax: 5) == .blocked(seconds: 1))
            now += seconds
        }
        #expect(lengths == [90, 180, 360, 720, 1_440, 2_880, 3_600, 3_600])
        #expect(secret.take(code(secret, at: now), at: now, attemptsMax: 5) == .right)
        #expect(secret.failures == 0 && secret.blocks == 0)
    }

    @Test("failures count until a right code, however long somebody waits between them")
    func windows() {
        var secret = secret()
        for _ in 0..<4 { #expect(secret.take("000", at: start, attemptsMax: 5) == .wrong) }
        #expect(secret.take(code(secret, at: start + 89), at: start + 89, attemptsMax: 5) == .right)
        for _ in 0..<4 { #expect(secret.take("000", at: start + 90, attemptsMax: 5) == .wrong) }
        #expect(secret.take("000", at: start + 80_000, attemptsMax: 5) == .wrong)
        #expect(secret.take(code(secret, at: start + 80_010), at: start + 80_010, attemptsMax: 5) == .blocked(seconds: 80))
        #expect(secret.take(code(secret, at: start + 80_090), at: start + 80_090, attemptsMax: 5) == .right)
        // The code that was used last may be repeated, and those before it count.
        for _ in 0..<9 { #expect(secret.take(code(secret, at: start + 80_090), at: start + 80_090, attemptsMax: 5) == .used) }
        for _ in 0..<5 { #expect(secret.take(code(secret, at: start + 80_060), at: start + 80_090, attemptsMax: 5) == .used) }
        #expect(secret.take(code(secret, at: start + 80_130), at: start + 80_130, attemptsMax: 5) == .blocked(seconds: 50))
    }

    @Test("failures and blocks are forgotten after a day without any")
    func forgetting() {
        var secret = secret()
        for _ in 0..<5 { _ = secret.take("x", at: start, attemptsMax: 5) }
        let later = start + 90 + 86_400
        for _ in 0..<5 { _ = secret.take("x", at: later, attemptsMax: 5) }
        #expect(secret.take("x", at: later, attemptsMax: 5) == .blocked(seconds: 90))
        for _ in 0..<4 { _ = secret.take("x", at: later + 90, attemptsMax: 5) }
        for _ in 0..<4 { #expect(secret.take("x", at: later + 90 + 86_400, attemptsMax: 5) == .wrong) }
        #expect(secret.take("x", at: later + 90 + 86_400, attemptsMax: 5) == .wrong)
        #expect(secret.take("x", at: later + 90 + 86_400, attemptsMax: 5) == .blocked(seconds: 90))
    }

    @Test("no way of waiting between guesses gets more of them than an hourly block lets through", arguments: 1...6)
    func guessesOfADay(atOnce: Int) {
        for pause in [0, 1, 30, 89, 90, 91, 180, 600, 3_599, 3_600, 7_200] {
            var (secret, now) = (secret(), start)
            func compared(until end: Int) -> Int {
                var count = 0
                while now < end {
                    for _ in 0..<atOnce where now < end {
                        guard case .blocked(let seconds) = secret.take("x", at: now, attemptsMax: 5) else {
                            count += 1
                            continue
                        }
                        now += seconds
                    }
                    now += pause
                }
                return count
            }
            // The blocks of the first hour and a half are shorter.
            #expect(compared(until: start + 86_400) <= 150, "\(atOnce) at once, then \(pause) seconds")
            #expect(compared(until: start + 2 * 86_400) <= 125, "\(atOnce) at once, then \(pause) seconds")
        }
    }

    @Test("no number that a record may have stops the count", arguments: [0, 999, 1 << 52, (1 << 53) - 1])
    func storedNumbers(number: Int) throws {
        var stored = secret().stored
        for name in ["failures", "window_end", "blocks", "last_step", "created"] { stored[name] = .int(number) }
        var secret = try #require(EnrolledSecret(stored: stored))
        for attemptsMax in [1, 100] {
            for now in [start, 1 << 52] { _ = secret.take("x", at: now, attemptsMax: attemptsMax) }
        }
        #expect(EnrolledSecret(stored: secret.stored) == secret)
    }
}
