import EngineKit
import Syntax
import Testing

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
        #expect(all[1]["error"] == "failed to base64-decode plaintext" && all[1]["reference"] == "bad")
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
