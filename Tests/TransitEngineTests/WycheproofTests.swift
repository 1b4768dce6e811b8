import Crypto
import EngineKit
// Raw parts of two constructions, whose vectors have no operation of their own.
@testable import TransitEngine
import SecretMemory
import Syntax
import Testing

/// Project Wycheproof's cases through the operations, with imported keys. What is not supported stands in
/// ``WycheproofFiles`` with its reason.
@Suite(.enabled(if: Vectors.areExpected, "run scripts/install-vectors"))
struct WycheproofTests {
    @Test(
        arguments: [
            ("aes_gcm_test", "aes128-gcm96", 128, 96, 67), ("aes_gcm_test", "aes256-gcm96", 256, 96, 66),
            ("chacha20_poly1305_test", "chacha20-poly1305", 256, 96, nil),
            ("xchacha20_poly1305_test", "xchacha20-poly1305", 256, 192, nil),
        ] as [(String, String, Int, Int, Int?)]) func `decrypts`(
            _ file: String, _ type: String, _ keyBits: Int, _ nonceBits: Int, _ expected: Int?
        ) async throws
    {
        let driver = try TransitDriver()
        var count = 0
        for group in try Vectors.groups("Cipher/wycheproof/\(file).json")
        where group.settings["keySize"] == .int(keyBits) && group.settings["ivSize"] == .int(nonceBits) {
            for test in group.tests {
                count += 1
                let name = "\(type)-\(count)"
                try await driver.bring(name, type, test.hex("key"))
                let sealed = "vault:v1:" + Base64.encode(test.hex("iv") + test.hex("ct") + test.hex("tag"))
                let opened = try? await driver.write(
                    "decrypt/\(name)", ["ciphertext": .string(sealed), "associated_data": .string(Base64.encode(test.hex("aad")))])
                #expect(test.agrees(opened != nil), "\(test.caseName)")
                if let opened { #expect(opened["plaintext"] == .string(Base64.encode(test.hex("msg"))), "\(test.caseName)") }
            }
        }
        #expect(count > 40 && (expected == nil || count == expected))
    }

    private static let ecdsaTypes = ["secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384", "secp521r1": "ecdsa-p521"]

    @Test(arguments: WycheproofFiles.ecdsa) func `verifies ECDSA`(_ file: String) async throws {
        let driver = try TransitDriver()
        let parts = file.split(separator: "_")
        let type = try #require(Self.ecdsaTypes[String(parts[1])])
        let isRaw = file.contains("p1363")
        var count = 0
        for (index, group) in try Vectors.groups("Signature/wycheproof/\(file)").enumerated() {
            let name = "k\(index)"
            try await driver.write(
                "keys/\(name)/import", ["type": .string(type), "public_key": .string(group.settings.text("publicKeyPem"))])
            let hash = try #require(WycheproofFiles.hashes[group.settings.text("sha")])
            for test in group.tests {
                count += 1
                let accepted = try await verifies(
                    driver, name, test, ["hash_algorithm": .string(hash), "marshaling_algorithm": isRaw ? "jws" : "asn1"], isRaw)
                #expect(test.agrees(accepted), "\(test.caseName)")
            }
        }
        #expect(count > 100)
    }

    @Test func `verifies Ed25519`() async throws {
        let driver = try TransitDriver()
        for (index, group) in try Vectors.groups("Signature/wycheproof/ed25519_test.json").enumerated() {
            let name = "k\(index)"
            try await driver.write(
                "keys/\(name)/import", ["type": "ed25519", "public_key": .string(group.settings.text("publicKeyPem"))])
            for test in group.tests {
                #expect(test.agrees(try await verifies(driver, name, test, [:], false)), "\(test.caseName)")
            }
        }
    }

    @Test(arguments: WycheproofFiles.rsaSignatures) func `verifies RSA`(_ file: String) async throws {
        let driver = try TransitDriver()
        var count = 0
        for (index, group) in try Vectors.groups("Signature/wycheproof/\(file)").enumerated() {
            let settings = group.settings
            guard let hash = WycheproofFiles.hashes[settings.text("sha")], let bits = settings["keySize"]?.intValue,
                [2048, 3072, 4096].contains(bits), settings["mgfSha"] == nil || settings["mgfSha"] == settings["sha"]
            else {
                // Groups of the misc files: listed there.
                #expect(WycheproofFiles.mixed.contains(file))
                continue
            }
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
                count += 1
                #expect(test.agrees(try await verifies(driver, name, test, body, false)), "\(test.caseName)")
            }
        }
        #expect(count > 0)
    }

    @Test(arguments: ["65", "87"]) func `verifies ML-DSA`(_ level: String) async throws {
        let driver = try TransitDriver()
        var counts = (tested: 0, withContext: 0, badKey: 0)
        for (index, group) in try Vectors.groups("Signature/wycheproof/mldsa_\(level)_verify_test.json").enumerated() {
            let name = "k\(index)"
            let imported = try? await driver.write(
                "keys/\(name)/import",
                ["type": .string("ml-dsa-\(level)"), "public_key": .string(Base64.encode(group.settings.hex("publicKey")))])
            for test in group.tests {
                // A context string is not offered, so only its absence can be verified.
                guard test.text("ctx").isEmpty else {
                    counts.withContext += 1
                    continue
                }
                guard imported != nil else {
                    counts.badKey += 1
                    #expect(test["result"] == "invalid", "\(test.caseName)")
                    continue
                }
                counts.tested += 1
                #expect(test.agrees(try await verifies(driver, name, test, [:], false)), "\(test.caseName)")
            }
        }
        #expect(counts.tested > 20)
    }

    @Test(arguments: ["65", "87"]) func `makes ML-DSA keys of seeds, and signatures that verify`(_ level: String) async throws {
        let driver = try TransitDriver()
        var seen: Set<[UInt8]> = []
        for group in try Vectors.groups("Signature/wycheproof/mldsa_\(level)_sign_seed_test.json") {
            let seed = group.settings.hex("privateSeed")
            guard seed.count == 32, group.tests.contains(where: { $0["result"] == "valid" }), seen.insert(seed).inserted else {
                continue
            }
            let name = "ml-dsa-\(level)-\(seen.count)"
            try await driver.bring(name, "ml-dsa-\(level)", seed)
            let shown = try await driver.read("keys/\(name)")["keys"]?["1"]?["public_key"]
            #expect(shown == .string(Base64.encode(group.settings.hex("publicKey"))))
            let message = JSON.string(Base64.encode(group.tests[0].hex("msg")))
            let signature = try await driver.write("sign/\(name)", ["input": message])["signature"] ?? .null
            #expect(try await driver.write("verify/\(name)", ["input": message, "signature": signature])["valid"] == true)
        }
        #expect(!seen.isEmpty)
    }

    @Test(arguments: [("768", KeyType.mlKEM768), ("1024", .mlKEM1024)]) func `decapsulates ML-KEM`(
        _ level: String, _ type: KeyType
    ) async throws {
        let driver = try TransitDriver()
        var counts = (opened: 0, badSeed: 0, badText: 0)
        for group in try Vectors.groups("Protocol/wycheproof/mlkem_\(level)_test.json") {
            for test in group.tests {
                let (seed, encapsulated) = (test.hex("seed"), test.hex("c"))
                guard seed.count == 64 else {
                    counts.badSeed += 1
                    #expect(test["result"] == "invalid", "\(test.caseName)")
                    continue
                }
                let name = "ml-kem-\(level)-\(counts.opened + counts.badText)"
                try await driver.bring(name, type.rawValue, seed)
                guard test["result"] == "valid" else {
                    counts.badText += 1
                    let text = "vault:v1:" + Base64.encode(encapsulated + [UInt8](repeating: 0, count: 32))
                    #expect(
                        await driver.refusal(.update, "decrypt/\(name)", ["ciphertext": .string(text)]) != nil, "\(test.caseName)")
                    continue
                }
                counts.opened += 1
                // What follows the encapsulated key is sealed here with the secret that the vector names.
                let sealed = try KEMKey(type, seed: SecretBytes(seed)).sealed(
                    Array("attack at dawn".utf8), shared: SymmetricKey(data: test.hex("K")), encapsulated: encapsulated)
                #expect(try await driver.decrypt(name, "vault:v1:" + Base64.encode(sealed)) == "attack at dawn", "\(test.caseName)")
                let shown = try await driver.read("keys/\(name)")["keys"]?["1"]?["public_key"]
                #expect(shown == .string(Base64.encode(test.hex("ek"))), "\(test.caseName)")
            }
        }
        #expect(counts.opened > 0)
    }

    @Test(arguments: WycheproofFiles.oaep) func `decrypts RSA-OAEP`(_ file: String) throws {
        var count = 0
        for group in try Vectors.groups("Cipher/wycheproof/\(file)") {
            let settings = group.settings
            guard let hash = WycheproofFiles.hashes[settings.text("sha")].flatMap(HashAlgorithm.init(rawValue:)),
                settings["mgfSha"] == settings["sha"], let bits = settings["keySize"]?.intValue,
                let type = KeyType(rawValue: "rsa-\(bits)")
            else {
                #expect(WycheproofFiles.mixed.contains(file))
                continue
            }
            let key = try RSAKey(type, secretDER: SecretBytes(settings.hex("privateKeyPkcs8")))
            // Labels are not offered.
            for test in group.tests where test.text("label").isEmpty {
                count += 1
                let opened = try? key.decrypt(test.hex("ct"), hash).withBytes { Array($0) }
                #expect(test.agrees(opened != nil), "\(test.caseName)")
                if let opened { #expect(opened == test.hex("msg"), "\(test.caseName)") }
            }
        }
        #expect(count > 0)
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

    @Test func `has every published file in use or set aside with a reason`() throws {
        var unaccounted: [String] = []
        for folder in ["Cipher/wycheproof", "Signature/wycheproof"] {
            for file in try Vectors.files(in: folder)
            where !WycheproofFiles.used.contains(file) && !WycheproofFiles.setAside.contains(where: { file.contains($0.mark) }) {
                unaccounted.append(file)
            }
        }
        #expect(unaccounted == [])
    }
}
