import Crypto
import EngineKit
// Raw parts of two constructions, whose vectors have no operation of their own.
@testable import TransitEngine
import SecretMemory
import Syntax
import Testing

/// Project Wycheproof's cases through the operations, with imported keys. What is not supported stands in
/// ``WycheproofTally`` with its reason and its number.
@Suite(.enabled(if: Vectors.areExpected, "run scripts/install-vectors"))
struct WycheproofTests {
    @Test(
        arguments: [
            ("aes_gcm_test.json", [128: "aes128-gcm96", 256: "aes256-gcm96"], 96),
            ("chacha20_poly1305_test.json", [256: "chacha20-poly1305"], 96),
            ("xchacha20_poly1305_test.json", [256: "xchacha20-poly1305"], 192),
        ]) func `decrypts`(_ file: String, _ types: [Int: String], _ nonceBits: Int) async throws
    {
        let driver = try TransitDriver()
        var tally = WycheproofTally()
        for group in try Vectors.groups("Cipher/wycheproof/\(file)") {
            let type = types[group.settings["keySize"]?.intValue ?? 0]
            for test in group.tests {
                guard let type else {
                    tally.setAside(.keyType)
                    continue
                }
                guard group.settings["ivSize"] == .int(nonceBits) else {
                    tally.setAside(.nonceLength)
                    continue
                }
                tally.tested += 1
                let name = "\(type)-\(tally.tested)"
                try await driver.bring(name, type, test.hex("key"))
                let sealed = "vault:v1:" + Base64.encode(test.hex("iv") + test.hex("ct") + test.hex("tag"))
                let opened = try? await driver.write(
                    "decrypt/\(name)", ["ciphertext": .string(sealed), "associated_data": .string(Base64.encode(test.hex("aad")))])
                #expect(test.agrees(opened != nil), "\(test.caseName)")
                if let opened { #expect(opened["plaintext"] == .string(Base64.encode(test.hex("msg"))), "\(test.caseName)") }
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    private static let ecdsaTypes = ["secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384", "secp521r1": "ecdsa-p521"]

    @Test(arguments: WycheproofFiles.ecdsa) func `verifies ECDSA`(_ file: String) async throws {
        let driver = try TransitDriver()
        let parts = file.split(separator: "_")
        let type = try #require(Self.ecdsaTypes[String(parts[1])])
        let isRaw = file.contains("p1363")
        var tally = WycheproofTally()
        for (index, group) in try Vectors.groups("Signature/wycheproof/\(file)").enumerated() {
            let name = "k\(index)"
            try await driver.write(
                "keys/\(name)/import", ["type": .string(type), "public_key": .string(group.settings.text("publicKeyPem"))])
            let hash = try #require(WycheproofFiles.hashes[group.settings.text("sha")])
            for test in group.tests {
                tally.tested += 1
                let accepted = try await verifies(
                    driver, name, test, ["hash_algorithm": .string(hash), "marshaling_algorithm": isRaw ? "jws" : "asn1"], isRaw)
                #expect(test.agrees(accepted), "\(test.caseName)")
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test func `verifies Ed25519`() async throws {
        let driver = try TransitDriver()
        var tally = WycheproofTally()
        for (index, group) in try Vectors.groups("Signature/wycheproof/ed25519_test.json").enumerated() {
            let name = "k\(index)"
            try await driver.write(
                "keys/\(name)/import", ["type": "ed25519", "public_key": .string(group.settings.text("publicKeyPem"))])
            for test in group.tests {
                tally.tested += 1
                #expect(test.agrees(try await verifies(driver, name, test, [:], false)), "\(test.caseName)")
            }
        }
        #expect(tally == WycheproofTally.expected["ed25519_test.json"])
    }

    @Test(arguments: WycheproofFiles.rsaSignatures) func `verifies RSA`(_ file: String) async throws {
        let driver = try TransitDriver()
        var tally = WycheproofTally()
        for (index, group) in try Vectors.groups("Signature/wycheproof/\(file)").enumerated() {
            let settings = group.settings
            let hash = try #require(WycheproofFiles.hashes[settings.text("sha")])
            let bits = try #require(settings["keySize"]?.intValue)
            #expect(settings["mgfSha"] == nil || settings["mgfSha"] == settings["sha"])
            let name = "k\(index)"
            try await driver.write(
                "keys/\(name)/import", ["type": .string("rsa-\(bits)"), "public_key": .string(settings.text("publicKeyPem"))])
            var body: JSONObject = ["hash_algorithm": .string(hash), "signature_algorithm": "pkcs1v15"]
            if file.contains("pss") {
                body["signature_algorithm"] = "pss"
                // 0 asks for any length, as clients of Vault expect, so an empty salt cannot be demanded.
                body["salt_length"] = .string(String(settings["sLen"]?.intValue ?? 0))
            }
            for test in group.tests {
                tally.tested += 1
                #expect(test.agrees(try await verifies(driver, name, test, body, false)), "\(test.caseName)")
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test(arguments: ["65", "87"]) func `verifies ML-DSA`(_ level: String) async throws {
        let driver = try TransitDriver()
        let file = "mldsa_\(level)_verify_test.json"
        var tally = WycheproofTally()
        for (index, group) in try Vectors.groups("Signature/wycheproof/\(file)").enumerated() {
            let name = "k\(index)"
            let imported = try? await driver.write(
                "keys/\(name)/import",
                ["type": .string("ml-dsa-\(level)"), "public_key": .string(Base64.encode(group.settings.hex("publicKey")))])
            for test in group.tests {
                guard test.text("ctx").isEmpty else {
                    tally.setAside(.context)
                    continue
                }
                tally.tested += 1
                guard imported != nil else {
                    #expect(test["result"] == "invalid", "\(test.caseName)")
                    continue
                }
                #expect(test.agrees(try await verifies(driver, name, test, [:], false)), "\(test.caseName)")
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test(arguments: ["65", "87"]) func `makes ML-DSA keys of seeds, and signatures that verify`(_ level: String) async throws {
        let driver = try TransitDriver()
        let file = "mldsa_\(level)_sign_seed_test.json"
        var tally = WycheproofTally()
        for (index, group) in try Vectors.groups("Signature/wycheproof/\(file)").enumerated() {
            let name = "ml-dsa-\(index)"
            let isTaken = await !driver.refuses(name, "ml-dsa-\(level)", seed: group.settings.hex("privateSeed"))
            if isTaken {
                let shown = try await driver.read("keys/\(name)")["keys"]?["1"]?["public_key"]
                #expect(shown == .string(Base64.encode(group.settings.hex("publicKey"))))
            }
            for test in group.tests {
                guard test.text("ctx").isEmpty else {
                    tally.setAside(.context)
                    continue
                }
                guard test["msg"] != nil else {
                    tally.setAside(.messageDigest)
                    continue
                }
                tally.tested += 1
                #expect(test.agrees(isTaken), "\(test.caseName)")
                guard isTaken else { continue }
                // Ours differ each time, so the published one is verified, and one of ours.
                #expect(try await verifies(driver, name, test, [:], false), "\(test.caseName)")
                let message = JSON.string(Base64.encode(test.hex("msg")))
                let signature = try await driver.write("sign/\(name)", ["input": message])["signature"] ?? .null
                #expect(try await driver.write("verify/\(name)", ["input": message, "signature": signature])["valid"] == true)
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test(arguments: [("768", KeyType.mlKEM768), ("1024", .mlKEM1024)]) func `decapsulates ML-KEM`(
        _ level: String, _ type: KeyType
    ) async throws {
        let driver = try TransitDriver()
        let file = "mlkem_\(level)_test.json"
        var tally = WycheproofTally()
        for group in try Vectors.groups("Protocol/wycheproof/\(file)") {
            for test in group.tests {
                tally.tested += 1
                let name = "ml-kem-\(level)-\(tally.tested)"
                let (seed, encapsulated) = (test.hex("seed"), test.hex("c"))
                guard seed.count == 64 else {
                    #expect(await driver.refuses(name, type.rawValue, seed: seed), "\(test.caseName)")
                    #expect(test["result"] == "invalid", "\(test.caseName)")
                    continue
                }
                try await driver.bring(name, type.rawValue, seed)
                guard test["result"] == "valid" else {
                    let text = "vault:v1:" + Base64.encode(encapsulated + [UInt8](repeating: 0, count: 32))
                    #expect(
                        await driver.refusal(.update, "decrypt/\(name)", ["ciphertext": .string(text)]) != nil, "\(test.caseName)")
                    continue
                }
                // What follows the encapsulated key is sealed here with the secret that the vector names.
                let sealed = try KEMKey(type, seed: SecretBytes(seed)).sealed(
                    Array("attack at dawn".utf8), shared: SymmetricKey(data: test.hex("K")), encapsulated: encapsulated)
                #expect(try await driver.decrypt(name, "vault:v1:" + Base64.encode(sealed)) == "attack at dawn", "\(test.caseName)")
                let shown = try await driver.read("keys/\(name)")["keys"]?["1"]?["public_key"]
                #expect(shown == .string(Base64.encode(test.hex("ek"))), "\(test.caseName)")
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test(arguments: [("768", KeyType.mlKEM768), ("1024", .mlKEM1024)]) func `makes ML-KEM keys of seeds`(
        _ level: String, _ type: KeyType
    ) async throws {
        let driver = try TransitDriver()
        let file = "mlkem_\(level)_keygen_seed_test.json"
        var tally = WycheproofTally()
        for test in try Vectors.groups("Protocol/wycheproof/\(file)").flatMap(\.tests) {
            tally.tested += 1
            let name = "k\(tally.tested)"
            try await driver.bring(name, type.rawValue, test.hex("seed"))
            let shown = try await driver.read("keys/\(name)")["keys"]?["1"]?["public_key"]
            #expect(shown == .string(Base64.encode(test.hex("ek"))), "\(test.caseName)")
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test(arguments: [("768", KeyType.mlKEM768), ("1024", .mlKEM1024)]) func `takes no broken public key for ML-KEM`(
        _ level: String, _ type: KeyType
    ) async throws {
        let driver = try TransitDriver()
        let file = "mlkem_\(level)_encaps_test.json"
        var tally = WycheproofTally()
        for (index, test) in try Vectors.groups("Protocol/wycheproof/\(file)").flatMap(\.tests).enumerated() {
            let refusal = await driver.refusal(
                .update, "keys/k\(index)/import",
                ["type": .string(type.rawValue), "public_key": .string(Base64.encode(test.hex("ek")))])
            #expect((refusal == nil) == (test["result"] == "valid"), "\(test.caseName)")
            // Of a good one the vector says what comes of randomness that nobody can choose here.
            if test["result"] == "valid" { tally.setAside(.randomness) } else { tally.tested += 1 }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    @Test(arguments: WycheproofFiles.oaep) func `decrypts RSA-OAEP`(_ file: String) throws {
        var tally = WycheproofTally()
        for group in try Vectors.groups("Cipher/wycheproof/\(file)") {
            let settings = group.settings
            let type = settings["keySize"]?.intValue.flatMap { KeyType(rawValue: "rsa-\($0)") }
            let key = try type.map { try RSAKey($0, secretDER: SecretBytes(settings.hex("privateKeyPkcs8"))) }
            let hash = WycheproofFiles.hashes[settings.text("sha")].flatMap(HashAlgorithm.init(rawValue:))
            for test in group.tests {
                guard let key else {
                    tally.setAside(.keyType)
                    continue
                }
                guard settings["mgfSha"] == settings["sha"] else {
                    tally.setAside(.maskHash)
                    continue
                }
                guard test.text("label").isEmpty else {
                    tally.setAside(.label)
                    continue
                }
                tally.tested += 1
                let named = try #require(hash)
                let opened = try? key.decrypt(test.hex("ct"), named).withBytes { Array($0) }
                #expect(test.agrees(opened != nil), "\(test.caseName)")
                if let opened { #expect(opened == test.hex("msg"), "\(test.caseName)") }
            }
        }
        #expect(tally == WycheproofTally.expected[file])
    }

    private func verifies(
        _ driver: TransitDriver, _ name: String, _ test: JSON, _ more: JSONObject, _ isURL: Bool
    ) async throws -> Bool {
        var body = more
        body["input"] = .string(Base64.encode(test.hex("msg")))
        body["signature"] = .string("vault:v1:" + Base64.encode(test.hex("sig"), as: isURL ? .url : .standard))
        do {
            return try await driver.write("verify/\(name)", body)["valid"] == true
        } catch let error as CofferError {
            #expect(error.code == .invalidRequest)
            return false
        }
    }

    @Test func `has every published case tested or set aside with a reason`() throws {
        var setAside: [WycheproofTally.Reason: WycheproofTally.Contents] = [:]
        var (seen, unaccounted) = (Set<String>(), [String]())
        for folder in ["Cipher", "Signature", "Protocol", "Hash"] {
            for file in try Vectors.files(in: "\(folder)/wycheproof") {
                let count = try Vectors.count("\(folder)/wycheproof/\(file)")
                if let tally = WycheproofTally.expected[file] {
                    seen.insert(file)
                    #expect(tally.count == count, "\(file)")
                } else if let reason = WycheproofTally.filesSetAside.first(where: { file.contains($0.mark) })?.reason {
                    setAside[reason, default: .init()].files += 1
                    setAside[reason, default: .init()].cases += count
                } else {
                    unaccounted.append(file)
                }
            }
        }
        #expect(unaccounted == [])
        #expect(seen == Set(WycheproofTally.expected.keys))
        #expect(setAside == WycheproofTally.expectedSetAside)
    }
}
