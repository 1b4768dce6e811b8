import Core
import EngineKit
import OneTimeCodes
import SecretMemory
import Syntax
import TestSupport
import Testing

/// Two factors, driven through the whole pipeline.
struct SecondFactor: Sendable {
    var server: CoreHarness
    var method = ""
    var key: [UInt8] = []
    var entity = ""

    static let password: JSONObject = ["password": "a long password"]

    /// A server with the users ann and bob, a method `phone`, and a secret for ann.
    static func make(storage: any Storage = MemoryStorage(), inline: [InlineAuthenticatorDescription] = []) async throws
        -> SecondFactor
    {
        var made = SecondFactor(server: try await CoreHarness.make(storage: storage, inline: inline))
        made.server.time.set(Timestamp(seconds: 1_800_000_000))
        await made.server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        for name in ["ann", "bob"] {
            await made.server.ask(.update, "auth/userpass/users/\(name)", password)
        }
        made.method = try await made.newMethod("phone")
        made.entity = try #require(await made.logIn("ann").issued?.entityID)
        made.key = try await made.enroll(made.entity, made.method)
        return made
    }

    func newMethod(_ name: String) async throws -> String {
        let answer = await server.ask(
            .update, "identity/mfa/method/totp", ["issuer": "Coffer", "method_name": .string(name)])
        return try #require(answer.data?["method_id"]?.stringValue)
    }

    /// Generates a secret and returns it as bytes, which the URL has in base32.
    func enroll(_ entity: String, _ method: String) async throws -> [UInt8] {
        let made = await server.ask(
            .update, "identity/mfa/method/totp/admin-generate", ["method_id": .string(method), "entity_id": .string(entity)])
        let url = try #require(made.data?["url"]?.stringValue)
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var (bytes, group, bits) = ([UInt8](), 0, 0)
        for digit in url.utf8.suffix(32) {
            group = group << 5 | (digits.firstIndex(of: digit) ?? 0)
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(group >> bits & 0xFF))
            }
        }
        return bytes
    }

    func enforce(_ name: String = "all", _ body: JSONObject = ["auth_method_types": ["userpass"]], methods: [String] = []) async {
        var body = body
        body["mfa_method_ids"] = .strings(methods.isEmpty ? [method] : methods)
        let answer = await server.ask(.update, "identity/mfa/login-enforcement/\(name)", body)
        #expect(answer.isSuccess)
    }

    func code(_ offset: Int = 0, key: [UInt8]? = nil) -> String {
        let step = TOTP().step(at: server.time.now().seconds) + offset
        return String(decoding: TOTP().code(key ?? self.key, step: step), as: UTF8.self)
    }

    func logIn(
        _ name: String = "ann", on other: CoreHarness? = nil, codes: [String] = [], path: String = "auth/userpass/login/",
        body: JSONObject = password, wrapTTL: Int? = nil
    ) async -> CoreHarness.Answer {
        var request = CoreRequest(id: "test", operation: .update, path: path + name, body: body.encoded())
        request.connection = Connection(remoteAddress: "127.0.0.1")
        request.headers = codes.map { ("x-vault-mfa", $0) }
        request.wrapTTL = wrapTTL
        return CoreHarness.Answer(outcome: await (other ?? server).core.handle(request).outcome)
    }

    func validate(_ id: String, _ payload: JSON, on other: CoreHarness? = nil, wrapTTL: Int? = nil) async -> CoreHarness.Answer {
        await (other ?? server).ask(
            .update, "sys/mfa/validate", ["mfa_request_id": .string(id), "mfa_payload": payload], token: nil, wrapTTL: wrapTTL)
    }

    func validate(_ id: String, _ code: String, on other: CoreHarness? = nil) async -> CoreHarness.Answer {
        await validate(id, [method: [.string(code)]], on: other)
    }

    /// The id of a login that waits.
    func waiting(_ name: String = "ann", on other: CoreHarness? = nil) async throws -> String {
        try #require(await logIn(name, on: other).lacking?.requestID)
    }

    func tokens() async -> Int { await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count ?? 0 }
}

extension CoreHarness.Answer {
    var lacking: MFARequirement? { if case .lacking(let requirement)? = response?.auth { requirement } else { nil } }
    var message: String { error?.messages.first ?? "" }
}
