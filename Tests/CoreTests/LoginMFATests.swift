import Core
import EngineKit
import OneTimeCodes
import SecretMemory
import Syntax
import TestSupport
import Testing

@Suite("Logins with a second factor")
struct LoginMFATests {
    @Test("a login waits, issues nothing, and is completed once by a code")
    func twoSteps() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let before = await mfa.tokens()
        let answer = await mfa.logIn()
        let requirement = try #require(answer.lacking)
        #expect(answer.issued == nil && answer.response?.warnings.count == 1)
        #expect(
            requirement.constraints
                == [.init(name: "all", methods: [.init(type: "totp", id: mfa.method, name: "phone", usesPasscode: true)])])
        #expect(await mfa.tokens() == before)
        let done = await mfa.validate(requirement.requestID, mfa.code())
        let issued = try #require(done.issued)
        #expect(issued.entityID == mfa.entity && issued.metadata == ["username": "ann"] && issued.isOrphan && issued.isRenewable)
        #expect(
            await mfa.server.ask(.read, "auth/token/lookup-self", token: issued.clientToken).data?["path"]
                == "auth/userpass/login/ann")
        #expect(await mfa.tokens() == before + 1)
        let again = await mfa.validate(requirement.requestID, mfa.code(1))
        #expect(again.message == "invalid request ID" && again.code == .invalidRequest)
        // The token is renewed without another code.
        #expect(await mfa.server.ask(.update, "auth/token/renew-self", token: issued.clientToken).isSuccess)
    }

    @Test("a code in the header completes the login in one step, by the method's id or name")
    func oneStep() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).issued?.entityID == mfa.entity)
        #expect(await mfa.logIn(codes: [" \(mfa.method):passcode=\(mfa.code(1)) "]).issued != nil)
        mfa.server.time.advance(seconds: 90)
        for (codes, text) in [
            (["other:" + mfa.code()], "no code was sent for the MFA method phone"), (["phone"], "not supplied or incorrect"),
            (["phone:" + mfa.code(), "\(mfa.method):" + mfa.code()], "multiple passcodes"), (["phone: " + mfa.code()], "incorrect"),
        ] {
            let answer = await mfa.logIn(codes: codes)
            #expect(
                answer.code == .permissionDenied
                    && answer.message.utf8.starts(with: "failed to satisfy enforcement all. error: ".utf8))
            #expect(answer.message.contains(text))
        }
        #expect(await mfa.logIn(codes: [""]).lacking != nil)
        #expect(
            await mfa.logIn("bob", codes: ["phone:123456"]).message.contains("MFA secret for method phone not present in entity"))
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).issued != nil)
    }

    @Test("a wrong first factor says nothing about the second")
    func firstFactor() async throws {
        let mfa = try await SecondFactor.make()
        let plain = await mfa.logIn(body: ["password": "wrong"])
        await mfa.enforce()
        for codes in [[], ["phone:" + mfa.code()], ["phone:000000"]] {
            #expect(await mfa.logIn(codes: codes, body: ["password": "wrong"]).error?.messages == plain.error?.messages)
        }
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).issued != nil)
    }

    // MARK: Which logins

    @Test("enforcements hold by type, accessor, group, group in a group, and entity, and for nobody else")
    func matrix() async throws {
        let mfa = try await SecondFactor.make()
        let server = mfa.server
        let accessor = await server.ask(.read, "sys/auth/userpass").data?["accessor"]?.stringValue ?? ""
        await server.ask(.update, "sys/auth/people", ["type": "userpass"])
        await server.ask(.update, "auth/people/users/eve", SecondFactor.password)
        let inner = await server.ask(.update, "identity/group/name/inner", ["member_entity_ids": [.string(mfa.entity)]])
        let innerID = inner.data?["id"]?.stringValue ?? ""
        let outer = await server.ask(.update, "identity/group/name/outer", ["member_group_ids": [.string(innerID)]])
        let outerID = outer.data?["id"]?.stringValue ?? ""
        // Who must prove the login: ann and bob of one mount, eve of another of the same type.
        let cases: [(JSONObject, ann: Bool, bob: Bool, eve: Bool)] = [
            (["auth_method_types": ["userpass"]], true, true, true),
            (["auth_method_accessors": [.string(accessor)]], true, true, false),
            (["identity_group_ids": [.string(innerID)]], true, false, false),
            (["identity_group_ids": [.string(outerID)]], true, false, false),
            (["identity_entity_ids": [.string(mfa.entity)]], true, false, false),
            (["auth_method_types": ["approle"]], false, false, false),
        ]
        for (body, ann, bob, eve) in cases {
            await mfa.enforce("one", body)
            #expect(await (mfa.logIn("ann").lacking != nil) == ann)
            // Another spelling of the name is the same person.
            #expect(await (mfa.logIn("ANN").lacking != nil) == ann)
            #expect(await (mfa.logIn("bob").lacking != nil) == bob)
            #expect(await (mfa.logIn("eve", path: "auth/people/login/").lacking != nil) == eve)
            await server.ask(.delete, "identity/mfa/login-enforcement/one")
            #expect(await mfa.logIn("ann").issued != nil)
        }
    }

    @Test("every enforcement must be satisfied, each by any of its methods, and a code serves all that name its method")
    func several() async throws {
        let mfa = try await SecondFactor.make()
        let fob = try await mfa.newMethod("fob")
        let key = try await mfa.enroll(mfa.entity, fob)
        let third = try await mfa.newMethod("third")
        await mfa.enforce("either", methods: [third, mfa.method, fob])
        #expect(await mfa.logIn(codes: ["fob:" + mfa.code(key: key)]).issued != nil)
        #expect(await mfa.logIn(codes: ["third:123456", "phone:" + mfa.code()]).issued != nil)
        await mfa.enforce("fob", methods: [fob])
        #expect(await mfa.logIn().lacking?.constraints.map(\.name) == ["either", "fob"])
        mfa.server.time.advance(seconds: 90)
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).message.contains("enforcement fob"))
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code(1), "fob:" + mfa.code(key: key)]).issued != nil)
        mfa.server.time.advance(seconds: 90)
        #expect(await mfa.logIn(codes: ["fob:" + mfa.code(key: key)]).issued != nil)
    }

    @Test("AppRole logins are asked, too; token creation is no login; and a login without an entity is refused")
    func otherMethods() async throws {
        let mfa = try await SecondFactor.make()
        let server = mfa.server
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(.update, "auth/approle/role/app", ["token_type": "batch"])
        await mfa.enforce("one", ["auth_method_types": ["approle", "userpass"]])
        let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"] ?? .null
        let secret = await server.ask(.update, "auth/approle/role/app/secret-id").data?["secret_id"] ?? .null
        let login: JSONObject = ["role_id": role, "secret_id": secret]
        let lacking = try #require(await server.ask(.update, "auth/approle/login", login, token: nil).lacking)
        let entities = await server.ask(.list, "identity/entity/id").data?["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        var entity = ""
        for id in entities {
            let aliases = await server.ask(.read, "identity/entity/id/\(id)").data?["aliases"]?.arrayValue
            if aliases?.first?["mount_type"] == "approle" { entity = id }
        }
        let key = try await mfa.enroll(entity, mfa.method)
        let done = await mfa.validate(lacking.requestID, mfa.code(key: key))
        #expect(done.issued?.type == .batch && done.issued?.entityID == entity)
        let token = try #require(done.issued?.clientToken)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        #expect(await server.ask(.update, "auth/token/create", ["policies": ["default"]]).issued != nil)
    }

    // MARK: Guesses and replays

    @Test("a code works once, over steps, methods of sending, and restarts")
    func replay() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let code = mfa.code()
        #expect(await mfa.logIn(codes: ["phone:" + code]).issued != nil)
        #expect(await mfa.logIn(codes: ["phone:" + code]).message.contains("code already used"))
        let id = try await mfa.waiting()
        #expect(await mfa.validate(id, code).message.contains("code already used"))
        let again = try await mfa.server.restarted()
        #expect(await mfa.logIn(on: again, codes: ["phone:" + code]).message.contains("code already used"))
        #expect(await mfa.validate(id, mfa.code(1), on: again).issued != nil)
        // The other direction of the clock's tolerance: an older code than one that was used.
        again.time.advance(seconds: 30)
        #expect(await mfa.logIn(on: again, codes: ["phone:" + mfa.code(0)]).message.contains("code already used"))
    }

    @Test("of simultaneous uses of one code, one logs in", arguments: [true, false])
    func race(isOneStep: Bool) async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let (code, before) = (mfa.code(), await mfa.tokens())
        var ids: [String] = []
        if !isOneStep { for _ in 0..<20 { ids.append(try await mfa.waiting()) } }
        let waiting = ids
        let issued = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for index in 0..<20 {
                group.addTask {
                    isOneStep
                        ? await mfa.logIn(codes: ["phone:" + code]).issued != nil
                        : await mfa.validate(waiting[index], code).issued != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(issued == 1)
        #expect(await mfa.tokens() == before + 1)
    }

    @Test("of simultaneous completions of one login, with different codes, one succeeds")
    func raceOfRequest() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let (id, before) = (try await mfa.waiting(), await mfa.tokens())
        let codes = [-1, 0, 1].map { mfa.code($0) }
        let issued = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for code in codes { group.addTask { await mfa.validate(id, code).issued != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(issued == 1)
        #expect(await mfa.tokens() == before + 1)
    }

    @Test("guesses are counted however they are sent, also at once, and then even the right code has to wait")
    func guessing() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let ids = [try await mfa.waiting(), try await mfa.waiting()]
        let refusals = await withTaskGroup(of: CoreHarness.Answer.self, returning: [CoreHarness.Answer].self) { group in
            for index in 0..<40 {
                group.addTask {
                    // Spaces made a code another one for the counter, in CVE-2025-6015.
                    let guess = String(repeating: " ", count: index % 3) + String(100_000 + index)
                    if index % 2 == 0 { return await mfa.logIn(codes: ["phone:" + guess]) }
                    return await mfa.validate(ids[index / 2 % 2], guess)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(refusals.allSatisfy { $0.code == .permissionDenied })
        #expect(refusals.count { $0.message.contains("incorrect") } == 5)
        #expect(refusals.count { $0.message.contains("maximum TOTP validation attempts 5 exceeded") } == 35)
        let refused = await mfa.logIn(codes: ["phone:" + mfa.code()])
        #expect(refused.message.contains("exceeded") && (refused.error?.retryAfter ?? 0) > 0)
        let again = try await mfa.server.restarted()
        #expect(await mfa.validate(ids[0], mfa.code(), on: again).message.contains("exceeded"))
        // Another entity is not affected.
        #expect(await mfa.logIn("bob").lacking != nil)
        mfa.server.time.advance(seconds: 90)
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).issued != nil)
    }

    // MARK: Waiting logins

    @Test("a login waits five minutes, and is removed after that")
    func expiry() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let (early, late) = (try await mfa.waiting(), try await mfa.waiting())
        mfa.server.time.advance(seconds: 299)
        #expect(await mfa.validate(early, mfa.code()).issued != nil)
        mfa.server.time.advance(seconds: 1)
        #expect(await mfa.validate(late, mfa.code(1)).message == "invalid request ID")
        let before = try await mfa.server.storage.list(Listing(prefix: "sys/mfa-login/", isRecursive: true))
        #expect(before.count == 2)
        mfa.server.time.advance(seconds: 120)
        await mfa.server.core.runJobs(round: 30)
        #expect(try await mfa.server.storage.list(Listing(prefix: "sys/mfa-login/", isRecursive: true)).isEmpty)
    }

    @Test(
        "an id that nobody gave is refused",
        arguments: ["", "x", "11111111-1111-1111-1111-111111111111", "../id", String(repeating: "a", count: 300)])
    func unknown(id: String) async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let answer = await mfa.validate(id, mfa.code())
        #expect(answer.code == .invalidRequest)
        #expect(answer.message == (id.isEmpty ? "missing request ID" : "invalid request ID"))
    }

    @Test("a payload of another form is refused", arguments: [["m": 1], ["m": [1]], ["m": ["a": "b"]], ["m": .null]] as [JSON])
    func payload(payload: JSON) async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let id = try await mfa.waiting()
        #expect(await mfa.validate(id, payload).code == .invalidRequest)
        // Nothing was counted.
        #expect(await mfa.validate(id, ["phone": .string(mfa.code())]).issued != nil)
    }

    @Test("one entity cannot store any number of waiting logins")
    func bound() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        for _ in 0..<30 { #expect(await mfa.logIn().lacking != nil) }
        let refusal = await mfa.logIn().error
        #expect(refusal?.code == .rateLimited && refusal?.retryAfter == 60)
        mfa.server.time.advance(seconds: 20)
        #expect(await mfa.logIn().error?.waitHeaders.map(\.value) == ["40"])
        #expect(await mfa.logIn("bob").lacking != nil)
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).issued != nil)
        mfa.server.time.advance(seconds: 40)
        #expect(await mfa.logIn().lacking != nil)
    }

    @Test("what changes while a login waits holds: the enforcement, the mount, the entity")
    func changes() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let server = mfa.server
        let fob = try await mfa.newMethod("fob")
        let key = try await mfa.enroll(mfa.entity, fob)
        let id = try await mfa.waiting()
        await mfa.enforce("more", methods: [fob])
        #expect(await mfa.validate(id, mfa.code()).message.contains("enforcement more"))
        let both: JSON = ["phone": [.string(mfa.code(1))], "fob": [.string(mfa.code(key: key))]]
        #expect(await mfa.validate(id, both).issued != nil)
        await server.ask(.delete, "identity/mfa/login-enforcement/more")
        server.time.advance(seconds: 90)
        let disabled = try await mfa.waiting()
        await server.ask(.update, "identity/entity/id/\(mfa.entity)", ["disabled": true])
        #expect(await mfa.validate(disabled, mfa.code()).code == .permissionDenied)
        await server.ask(.update, "identity/entity/id/\(mfa.entity)", ["disabled": false])
        #expect(await mfa.validate(disabled, mfa.code()).issued != nil)
        let orphan = try await mfa.waiting()
        await server.ask(.delete, "sys/auth/userpass")
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        #expect(await mfa.validate(orphan, mfa.code(1)).message == "invalid request ID")
    }

    @Test("an operator recovers a lost secret by destroying it")
    func recovery() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let old = mfa.code()
        await mfa.server.ask(
            .update, "identity/mfa/method/totp/admin-destroy", ["method_id": .string(mfa.method), "entity_id": .string(mfa.entity)])
        #expect(await mfa.logIn(codes: ["phone:" + old]).message.contains("an operator generates it"))
        let key = try await mfa.enroll(mfa.entity, mfa.method)
        #expect(await mfa.logIn(codes: ["phone:" + old]).code == .permissionDenied)
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code(key: key)]).issued != nil)
    }

    // MARK: Ways around

    @Test("a login that asks for wrapping gets its requirement unwrapped, and its token only wrapped")
    func wrapping() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let answer = await mfa.logIn(wrapTTL: 60)
        let id = try #require(answer.lacking?.requestID)
        #expect(answer.wrapInfo == nil && answer.issued == nil)
        let done = await mfa.validate(id, mfa.code())
        #expect(done.issued == nil)
        let info = try #require(done.wrapInfo)
        #expect(info.creationPath == "auth/userpass/login/ann" && info.ttl == 60 && info.wrappedAccessor != nil)
        let unwrapped = await mfa.server.ask(.update, "sys/wrapping/unwrap", token: info.token)
        #expect(unwrapped.issued?.entityID == mfa.entity)
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code(1)], wrapTTL: 60).wrapInfo != nil)
        mfa.server.time.advance(seconds: 60)
        let plain = try await mfa.waiting()
        #expect(await mfa.validate(plain, [mfa.method: .string(mfa.code())], wrapTTL: 30).wrapInfo?.ttl == 30)
        #expect(await mfa.logIn(codes: ["phone:000000"], wrapTTL: 60).code == .permissionDenied)
    }

    @Test("inline credentials that act as an entity do not get around its second factor")
    func inline() async throws {
        let console = Console()
        let mfa = try await SecondFactor.make(inline: [InlineAuthenticatorDescription(kind: "console") { _ in console }])
        await console.set(await mfa.server.ask(.read, "sys/auth/userpass").data?["accessor"]?.stringValue ?? "")
        var request = CoreRequest(id: "test", operation: .read, path: "auth/token/lookup-self")
        request.credentials = .inline(InlineCredentials(kind: "console", name: "ann", secret: SecretBytes([1])))
        request.connection = Connection(remoteAddress: "127.0.0.1")
        #expect(await mfa.server.core.handle(request).inlineRefusal == nil)
        await mfa.enforce("one", ["identity_entity_ids": [.string(mfa.entity)]])
        #expect(await mfa.server.core.handle(request).inlineRefusal == .notAllowed)
        request.credentials = .inline(InlineCredentials(kind: "console", name: "bob", secret: SecretBytes([1])))
        #expect(await mfa.server.core.handle(request).inlineRefusal == nil)
        // An alias without an entity is of the method all the same.
        request.credentials = .inline(InlineCredentials(kind: "console", name: "nobody", secret: SecretBytes([1])))
        #expect(await mfa.server.core.handle(request).inlineRefusal == nil)
        await mfa.enforce("all")
        #expect(await mfa.server.core.handle(request).inlineRefusal == .notAllowed)
    }

    @Test("two nodes over one store share waiting logins, used codes and failures")
    func twoNodes() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce()
        let other = try await mfa.server.restarted()
        let id = try await mfa.waiting()
        #expect(await mfa.validate(id, mfa.code(), on: other).issued != nil)
        #expect(await mfa.validate(id, mfa.code(1)).message == "invalid request ID")
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code()]).message.contains("code already used"))
        for _ in 0..<3 { #expect(await mfa.logIn(codes: ["phone:000000"]).message.contains("incorrect")) }
        for _ in 0..<2 { #expect(await mfa.logIn(on: other, codes: ["phone:000000"]).message.contains("incorrect")) }
        #expect(await mfa.logIn(codes: ["phone:" + mfa.code(1)]).message.contains("exceeded"))
        #expect(await mfa.logIn(on: other, codes: ["phone:" + mfa.code(1)]).message.contains("exceeded"))
    }

    @Test("a person may generate the own secret where a policy says so")
    func ownSecret() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.server.writePolicy("enroll", "path \"identity/mfa/method/totp/generate\" { capabilities = [\"update\"] }")
        await mfa.server.ask(.update, "auth/userpass/users/bob", ["token_policies": "enroll"])
        let token = try #require(await mfa.logIn("bob").issued?.clientToken)
        let made = await mfa.server.ask(
            .update, "identity/mfa/method/totp/generate", ["method_id": .string(mfa.method)], token: token)
        #expect(made.data?["url"]?.stringValue?.contains("Coffer:bob") == true)
        let other: JSONObject = ["method_id": .string(mfa.method), "entity_id": .string(mfa.entity)]
        #expect(
            await mfa.server.ask(.update, "identity/mfa/method/totp/admin-generate", other, token: token).code == .permissionDenied)
    }
}

/// A session of a person on the mount with an accessor.
private actor Console: InlineAuthenticator {
    private var accessor = ""

    func set(_ accessor: String) { self.accessor = accessor }

    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        .granted(
            InlineGrant(
                displayName: "console-" + attempt.credentials.name, policies: ["default"],
                alias: InlineAlias(name: attempt.credentials.name, mountAccessor: accessor)))
    }
}
