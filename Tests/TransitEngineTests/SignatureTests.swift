import Crypto
import CryptoExtras
import EngineKit
import FoundationEssentials
import Syntax
import Testing

@Suite struct SignatureTests {
    static let types = ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ml-dsa-65", "ml-dsa-87"]

    private func sign(_ driver: TransitDriver, _ text: String, _ more: JSONObject = [:]) async throws -> String {
        var body = more
        body["input"] = text.base64
        return try await driver.write("sign/k", body)["signature"]?.stringValue ?? ""
    }

    private func isValid(_ driver: TransitDriver, _ text: String, _ signature: String, _ more: JSONObject = [:]) async throws
        -> Bool
    {
        var body = more
        body["input"] = text.base64
        body["signature"] = .string(signature)
        return try await driver.write("verify/k", body)["valid"] == true
    }

    @Test(arguments: types) func `verifies its own signatures through a rotation, and nothing else`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let signature = try await sign(driver, "a contract")
        #expect(signature.hasPrefix("vault:v1:"))
        #expect(try await isValid(driver, "a contract", signature))
        #expect(try await !isValid(driver, "a Contract", signature))
        #expect(try await isValid(try driver.restarted(), "a contract", signature))
        try await driver.write("keys/k/rotate")
        #expect(try await isValid(driver, "a contract", signature))
        #expect(try await sign(driver, "a contract").hasPrefix("vault:v2:"))
        // Made with version 1, so version 2 must not have it.
        #expect(try await !isValid(driver, "a contract", signature.replacingVersion(with: 2)))
        var bytes = try #require(Base64.decode(signature.dropFirst("vault:v1:".count)))
        bytes[bytes.count / 2] ^= 4
        #expect((try? await isValid(driver, "a contract", "vault:v1:" + Base64.encode(bytes))) != true)
        let shown = try await driver.read("keys/k")
        #expect(shown["supports_signing"] == true && shown["keys"]?["2"]?["public_key"]?.stringValue?.isEmpty == false)
        #expect(shown["keys"]?["1"]?["creation_time"]?.stringValue?.hasSuffix("Z") == true)
        #expect(
            await driver.refusal(.update, "encrypt/k", ["plaintext": "x".base64])?.contains("not supported")
                == (type.hasPrefix("rsa") ? nil : true))
    }

    @Test(arguments: ["asn1", "jws"]) func `signs so that others verify it with the public key`(_ marshaling: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ecdsa-p256"])
        let pem = try #require(try await driver.read("keys/k")["keys"]?["1"]?["public_key"]?.stringValue)
        let key = try P256.Signing.PublicKey(pemRepresentation: pem)
        let text = try await sign(driver, "a contract", ["marshaling_algorithm": .string(marshaling)]).dropFirst("vault:v1:".count)
        let bytes = try #require(Base64.decode(text, as: marshaling == "jws" ? .url : .standard))
        let signature =
            try marshaling == "jws" ? P256.Signing.ECDSASignature(rawRepresentation: bytes) : .init(derRepresentation: bytes)
        #expect(key.isValidSignature(signature, for: Array("a contract".utf8)))
        #expect(try await isValid(driver, "a contract", "vault:v1:" + text, ["marshaling_algorithm": .string(marshaling)]))
    }

    @Test(arguments: ["pss", "pkcs1v15"]) func `pads as RSA's readers expect`(_ padding: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "rsa-2048"])
        let pem = try #require(try await driver.read("keys/k")["keys"]?["1"]?["public_key"]?.stringValue)
        let key = try _RSA.Signing.PublicKey(pemRepresentation: pem)
        for (name, digest) in [("sha2-256", 32), ("sha2-384", 48), ("sha2-512", 64)] {
            let text = try await sign(
                driver, "a contract",
                ["signature_algorithm": .string(padding), "hash_algorithm": .string(name), "salt_length": "hash"])
            let signature = _RSA.Signing.RSASignature(
                rawRepresentation: try #require(Base64.decode(text.dropFirst("vault:v1:".count))))
            let message = Array("a contract".utf8)
            let scheme: _RSA.Signing.Padding = padding == "pss" ? .PSS : .insecurePKCS1v1_5
            let accepted =
                switch digest {
                case 32: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: scheme)
                case 48: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: scheme)
                default: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: scheme)
                }
            #expect(accepted)
        }
    }

    @Test func `keeps to the salt length that is asked for`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "rsa-2048"])
        for (made, accepted, refused) in [
            ("auto", ["auto", "222"], ["hash", "32"]), ("hash", ["auto", "hash", "32", "-1"], ["20", "222"]),
            ("20", ["20", "0"], ["hash", "21"]),
        ] {
            let signature = try await sign(driver, "x", ["salt_length": .string(made)])
            for length in accepted {
                #expect(try await isValid(driver, "x", signature, ["salt_length": .string(length)]), "\(made) \(length)")
            }
            for length in refused {
                #expect(try await !isValid(driver, "x", signature, ["salt_length": .string(length)]), "\(made) \(length)")
            }
        }
        for length in ["223", "-2", "long", "1.5"] {
            #expect(
                await driver.refusal(.update, "sign/k", ["input": "x".base64, "salt_length": .string(length)])?.contains(
                    "salt length") == true)
        }
    }

    @Test func `takes what was hashed already`() async throws {
        let driver = try TransitDriver()
        for type in ["rsa-2048", "ecdsa-p256"] {
            try await driver.write("keys/\(type)", ["type": .string(type)])
            let digest = JSON.string(Base64.encode(Array(SHA256.hash(data: Array("x".utf8)))))
            let signature = try await driver.write("sign/\(type)", ["input": digest, "prehashed": true])["signature"] ?? .null
            #expect(try await driver.write("verify/\(type)", ["input": "x".base64, "signature": signature])["valid"] == true)
        }
        let none: JSONObject = [
            "input": "short".base64, "hash_algorithm": "none", "prehashed": true, "signature_algorithm": "pkcs1v15",
        ]
        var check = none
        check["signature"] = try await driver.write("sign/rsa-2048", none)["signature"]
        #expect(try await driver.write("verify/rsa-2048", check)["valid"] == true)
        #expect(
            await driver.refusal(.update, "sign/rsa-2048", ["input": "x".base64, "hash_algorithm": "none"])
                == "hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15")
        #expect(await driver.refusal(.update, "sign/rsa-2048", ["input": "short".base64, "prehashed": true]) != nil)
    }

    @Test(arguments: ["ed25519", "ml-dsa-65"]) func `signs messages only whole where hashing is not part of it`(_ type: String)
        async throws
    {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        #expect(
            await driver.refusal(.update, "sign/k", ["input": "x".base64, "prehashed": true])?.contains("prehashed must be false")
                == true)
    }

    @Test func `derives an Ed25519 key for each context`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ed25519", "derived": true])
        let answer = try await driver.write("sign/k", ["input": "x".base64, "context": "user 1".base64])
        let signature = try #require(answer["signature"]?.stringValue)
        #expect(try await isValid(driver, "x", signature, ["context": "user 1".base64]))
        #expect(try await !isValid(driver, "x", signature, ["context": "user 2".base64]))
        #expect(try await driver.read("keys/k")["keys"]?["1"]?["public_key"] == "")
        let shown = try await driver.read("keys/k", ["context": "user 1".base64])["keys"]?["1"]?["public_key"]
        #expect(shown == answer["public_key"] && shown != nil)
        #expect(await driver.refusal(.update, "sign/k", ["input": "x".base64])?.hasPrefix("missing 'context'") == true)
    }

    @Test func `verifies HMACs and says what is missing`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ed25519"])
        let code = try await driver.write("hmac/k", ["input": "x".base64])["hmac"] ?? .null
        #expect(try await driver.write("verify/k", ["input": "x".base64, "hmac": code])["valid"] == true)
        #expect(try await driver.write("verify/k", ["input": "y".base64, "hmac": code])["valid"] == false)
        #expect(try await driver.write("verify/k/sha2-512", ["input": "x".base64, "hmac": code])["valid"] == false)
        #expect(
            await driver.refusal(.update, "verify/k", ["input": "x".base64])
                == "neither a 'signature' nor an 'hmac' was given to verify")
        #expect(
            await driver.refusal(.update, "verify/k", ["input": "x".base64, "hmac": code, "signature": code])
                == "provide one of 'signature' or 'hmac'")
    }

    @Test func `signs and verifies batches`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ed25519"])
        let items = (0..<9).map { JSON.object(["input": "\($0)".base64, "reference": .string("\($0)")]) }
        let signed = try await driver.write("sign/k", ["batch_input": .array(items)])["batch_results"]?.arrayValue ?? []
        #expect(signed.count == 9 && signed.allSatisfy { $0["key_version"] == 1 })
        let checks = zip(items, signed).map { JSON.object(["input": $0["input"] ?? .null, "signature": $1["signature"] ?? .null]) }
        let verified = try await driver.write("verify/k", ["batch_input": .array(checks)])["batch_results"]?.arrayValue ?? []
        #expect(verified.count == 9 && verified.allSatisfy { $0["valid"] == true })
    }
}

extension String {
    fileprivate func replacingVersion(with number: Int) -> String { "vault:v\(number):" + dropFirst("vault:v1:".count) }
}
