import EngineKit
import Syntax
import Testing
// What an operation costs is the room's own business.
@testable import TransitEngine

@Suite struct BatchTests {
    private func results(_ response: Response) throws -> [JSONObject] {
        guard case .data(let data) = response.body else { return [] }
        return try data.parsed()["batch_results"]?.arrayValue?.compactMap(\.objectValue) ?? []
    }

    @Test(arguments: [2, 40]) func `answers each item with its reference`(_ count: Int) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let items = (0..<count).map { JSON.object(["plaintext": "\($0)".base64, "reference": .string("r\($0)")]) }
        let sealed = try results(try await driver.send(.update, "encrypt/k", ["batch_input": .array(items)]))
        #expect(sealed.map { $0["reference"]?.stringValue } == (0..<count).map { "r\($0)" })
        #expect(sealed.allSatisfy { $0["key_version"] == 1 })
        let opened = try results(
            try await driver.send(
                .update, "decrypt/k", ["batch_input": .array(sealed.map { .object(["ciphertext": $0["ciphertext"] ?? .null]) })]))
        #expect(opened.map { $0["plaintext"] } == (0..<count).map { "\($0)".base64 })
        #expect(opened.allSatisfy { $0["reference"] == "" })
    }

    @Test func `fails items one by one`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let good: JSON = ["plaintext": "x".base64, "reference": "good"]
        let bad: JSON = ["plaintext": "not base64!", "reference": "bad"]
        var body: JSONObject = ["batch_input": [good, bad, ["reference": "none"], "text", ["plaintext": "x", "nonce": "AAAA"]]]
        let response = try await driver.send(.update, "encrypt/k", body)
        #expect(response.status == 400)
        let all = try results(response)
        #expect(all[0]["ciphertext"] != nil && all[0]["error"] == nil)
        #expect(all[1]["error"] == "failed to base64-decode plaintext: the field must be base64" && all[1]["reference"] == "bad")
        #expect(all[2]["error"] == "missing plaintext to encrypt" && all[2]["reference"] == "none")
        #expect(all[3]["error"] == "a batch item must be an object")
        #expect(all[4]["error"] != nil && all.count == 5)

        body["partial_failure_response_code"] = 207
        #expect(try await driver.send(.update, "encrypt/k", body).status == 207)
        body["partial_failure_response_code"] = 1_000
        let reverted = try await driver.send(.update, "encrypt/k", body)
        #expect(reverted.status == 400 && reverted.warnings.count == 1)
        // Nothing succeeded, so nothing is partial.
        #expect(
            try await driver.send(.update, "encrypt/k", ["batch_input": [bad], "partial_failure_response_code": 207]).status == 400)
    }

    /// Each operation that takes a batch, with an item that succeeds and one that fails, made of what `k` gave for "x".
    /// The last four tell by item, with a 200.
    static let operations: [(path: String, good: @Sendable (Given) -> JSONObject, bad: JSONObject, answer: String)] = [
        ("encrypt/k", { _ in ["plaintext": "x".base64] }, ["plaintext": "?"], "ciphertext"),
        ("decrypt/k", { ["ciphertext": $0.ciphertext] }, ["ciphertext": "vault:v9:AAAA"], "plaintext"),
        ("rewrap/k", { ["ciphertext": $0.ciphertext] }, ["ciphertext": "vault:v1:AAAA"], "ciphertext"),
        ("hmac/k", { _ in ["input": "x".base64] }, ["input": "?"], "hmac"),
        ("sign/s", { _ in ["input": "x".base64] }, [:], "signature"),
        ("verify/s", { ["input": "x".base64, "signature": $0.signature] }, ["input": "x".base64], "valid"),
        ("verify/k", { ["input": "x".base64, "hmac": $0.hmac] }, ["input": "x".base64, "hmac": "vault:x"], "valid"),
    ]

    struct Given: Sendable {
        var ciphertext: JSON
        var signature: JSON
        var hmac: JSON
    }

    @Test(arguments: operations.indices) func `fails one item of any operation, with the status that was asked for`(
        _ index: Int
    ) async throws {
        let (path, good, bad, answer) = Self.operations[index]
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        try await driver.write("keys/s", ["type": "ed25519"])
        let given = Given(
            ciphertext: .string(try await driver.encrypt("k", "x")),
            signature: try await driver.write("sign/s", ["input": "x".base64])["signature"] ?? .null,
            hmac: try await driver.write("hmac/k", ["input": "x".base64])["hmac"] ?? .null)
        var (first, second) = (good(given), bad)
        first["reference"] = "first"
        second["reference"] = "second"
        var body: JSONObject = ["batch_input": [.object(first), .object(second)]]
        let usual: Int? = index < 3 ? 400 : nil
        for code in [nil, 200, 207] as [Int?] {
            if let code { body["partial_failure_response_code"] = .int(code) }
            let response = try await driver.send(.update, path, body)
            #expect(response.status == code ?? usual)
            let all = try results(response)
            #expect(all.map { $0["reference"] } == ["first", "second"])
            #expect(all[0][answer] != nil && all[0]["error"] == nil)
            #expect(all[1][answer] == (answer == "valid" ? false : nil))
            #expect(all[1]["error"]?.stringValue?.isEmpty == false)
        }
        body["batch_input"] = [.object(first)]
        let whole = try await driver.send(.update, path, body)
        #expect(whole.status == nil || whole.status == 200)
        #expect(try results(whole).count == 1)
        body["batch_input"] = [.object(second)]
        #expect(try await driver.send(.update, path, body).status == usual)
    }

    @Test func `warns of what a batch does not read`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        try await driver.write("keys/k/rotate")
        let items: JSON = [["plaintext": "x".base64], ["plaintext": "y".base64, "key_version": 1]]
        let response = try await driver.send(.update, "encrypt/k", ["batch_input": items, "key_version": 1, "context": "eA=="])
        #expect(
            response.warnings == [
                "Endpoint ignored these parameters beside batch_input, where each item has its own: [context key_version]"
            ])
        #expect(try results(response).map { $0["key_version"] } == [2, 1])
        #expect(try await driver.send(.update, "encrypt/k", ["batch_input": items]).warnings.isEmpty)
        // Here the version is the default of the items.
        let input: JSON = [["input": "x".base64]]
        let coded = try await driver.send(.update, "hmac/k", ["batch_input": input, "key_version": 1])
        #expect(try coded.warnings.isEmpty && results(coded)[0]["hmac"]?.stringValue?.utf8.starts(with: "vault:v1:".utf8) == true)
    }

    @Test func `refuses a batch that would take minutes, and says how long it may be`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ecdsa-p521"])
        let items = JSON.array(Array(repeating: ["input": "?"], count: 10_001))
        #expect(
            await driver.refusal(.update, "sign/k", ["batch_input": items])
                == "the batch has 10001 items, and one request may have 10000 of them with a key of type ecdsa-p521; "
                + "send them in several requests")
        let most = WorkCost.privateOperation(.rsa4096).itemsMax
        #expect((1_000...2_000).contains(most))
        #expect(WorkCost.encrypting(.aes256GCM).itemsMax >= 100_000)
    }

    @Test func `refuses a batch that is none`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        #expect(await driver.refusal(.update, "encrypt/k", ["batch_input": []]) == "missing batch input to process")
        #expect(
            await driver.refusal(.update, "encrypt/k", ["batch_input": "x"]) == "failed to parse batch input: it is not a list")
    }

    @Test func `never repeats a value in an error`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        for body in [
            ["plaintext": "canary!"], ["plaintext": "eA==", "context": "canary!"], ["ciphertext": "vault:v1:canary!"],
            ["ciphertext": "vault:vcanary:AAAA"], ["ciphertext": "canary"], ["plaintext": "eA==", "associated_data": "canary!"],
            ["plaintext": "eA==", "nonce": "canary"],
        ] as [JSONObject] {
            for path in ["encrypt/k", "decrypt/k", "rewrap/k", "hmac/k", "hash"] {
                #expect(await driver.refusal(.update, path, body)?.contains("canary") != true)
            }
        }
    }
}
