import JOSE
import Syntax
import Testing

@Suite("Signed tokens")
struct SignedTokenTests {
    @Test("the signatures of the RFCs are verified, and none with another byte", arguments: SignatureVector.all)
    func vectors(vector: SignatureVector) throws {
        let token = try SignedToken(vector.token)
        #expect(token.algorithm == vector.algorithm)
        let key: VerificationKey
        if vector.algorithm == .hs256 {
            let secret = try #require(try object(vector.key)["k"]?.stringValue.flatMap { Base64.decode($0, as: .url) })
            key = try VerificationKey(sharedSecret: secret)
        } else {
            key = try VerificationKey(jwk: try object(vector.key))
        }
        #expect(key.verifies(token))
        #expect(KeySet([key]).verifies(token))
        let parts = vector.token.split(separator: ".").map(String.init)
        for index in 0..<3 {
            var bytes = try #require(Base64.decode(parts[index], as: .url))
            bytes[bytes.count / 2] ^= 1
            var changed = parts
            changed[index] = Base64.encode(bytes, as: .url)
            let forged = try? SignedToken(changed.joined(separator: "."))
            #expect(forged.map { key.verifies($0) } != true, "part \(index)")
        }
    }

    @Test("a payload of another token is not signed")
    func mixedParts() throws {
        let key = try SigningKey(generating: .es256)
        let one = try key.sign(["sub": "ada"], keyID: nil).split(separator: ".")
        let other = try key.sign(["sub": "bob"], keyID: nil).split(separator: ".")
        let mixed = try SignedToken("\(one[0]).\(other[1]).\(one[2])")
        let keys = try published((key, "k"))
        #expect(!keys.verifies(mixed))
    }

    @Test(
        "refuses headers that ask for something else than a known signature",
        arguments: [
            (#"{"alg":"none"}"#, .unknownAlgorithm), (#"{"alg":"None"}"#, .unknownAlgorithm),
            (#"{"alg":"NONE"}"#, .unknownAlgorithm), (#"{"alg":""}"#, .unknownAlgorithm), (#"{"alg":"rs256"}"#, .unknownAlgorithm),
            (#"{"alg":"HS384"}"#, .unknownAlgorithm), (#"{"alg":"HS512"}"#, .unknownAlgorithm),
            (#"{"alg":"RSA-OAEP"}"#, .unknownAlgorithm), (#"{"alg":"RS256 "}"#, .unknownAlgorithm), (#"{}"#, .badHeader),
            (#"{"alg":null}"#, .badHeader), (#"{"alg":["RS256"]}"#, .badHeader), (#"["RS256"]"#, .badHeader), ("RS256", .badHeader),
            (#"{"alg":"RS256","alg":"none"}"#, .badHeader), (#"{"alg":"none","\u0061lg":"RS256"}"#, .badHeader),
            (#"{"alg":"RS256","kid":"a","kid":"b"}"#, .badHeader), (#"{"alg":"RS256","kid":7}"#, .badHeader),
            (#"{"alg":"RS256","kid":["a"]}"#, .badHeader), (#"{"alg":"RS256"} "# + "x", .badHeader),
            (#"{"alg":"RS256","crit":["exp"]}"#, .criticalHeader), (#"{"alg":"RS256","crit":[]}"#, .criticalHeader),
            (#"{"alg":"RS256","b64":false,"crit":["b64"]}"#, .criticalHeader), (#"{"alg":"RS256","b64":false}"#, .criticalHeader),
            (#"{"alg":"RS256","x":\#(String(repeating: "[", count: 20))1\#(String(repeating: "]", count: 20))}"#, .badHeader),
            (#"{"alg":"RS256","x":[\#(String(repeating: "1,", count: 300))1]}"#, .badHeader),
            (#"{"alg":"RS256","kid":"\#(String(repeating: "k", count: 513))"}"#, .badHeader),
        ] as [(String, JOSEError)])
    func headers(header: String, refusal: JOSEError) {
        #expect(throws: refusal) { try SignedToken(compact(header)) }
    }

    @Test(
        "refuses texts that are no compact token",
        arguments: [
            ("", .notCompact), (".", .notCompact), ("a.b", .notCompact), ("a.b.c.d", .notCompact), ("a.b.c.d.e", .notCompact),
            ("..", .notBase64), ("eyJhbGciOiJSUzI1NiJ9.e30.", .notBase64), ("eyJhbGciOiJSUzI1NiJ9..AA", .notBase64),
            (".e30.AA", .notBase64), ("eyJhbGciOiJSUzI1NiJ9.e30.AA==", .notBase64), ("eyJhbGciOiJSUzI1NiJ9.e30.A+/A", .notBase64),
            ("eyJhbGciOiJSUzI1NiJ9.e30.AA\n", .notBase64), ("eyJhbGciOiJSUzI1NiJ9.e30. AA", .notBase64),
            ("eyJhbGciOiJSUzI1NiJ9.e30.AB", .notBase64), ("eyJhbGciOiJSUzI1NiJ9.e30.A", .notBase64),
            ("{\"alg\":\"RS256\"}.e30.AA", .notBase64), ("eyJhbGciOiJSUzI1NiJ9\u{0}.e30.AA", .notBase64),
            (String(repeating: "a", count: SignedToken.bytesMax + 1), .tooLarge),
            (String(repeating: ".", count: 5_000), .notCompact),
        ] as [(String, JOSEError)])
    func texts(text: String, refusal: JOSEError) {
        #expect(throws: refusal) { try SignedToken(text) }
    }

    @Test("keys in the header are not used")
    func keysInTheHeader() throws {
        let (good, evil) = (try SigningKey(generating: .es256), try SigningKey(generating: .es256))
        let jwk = String(decoding: try evil.publicJWK(id: "k").encoded(), as: UTF8.self)
        let parts = try evil.sign(["sub": "ada"], keyID: "k").split(separator: ".")
        let header = Base64.encode(Array(#"{"alg":"ES256","kid":"k","jwk":\#(jwk),"jku":"http://127.0.0.1/"}"#.utf8), as: .url)
        let token = try SignedToken("\(header).\(parts[1]).\(parts[2])")
        let keys = try published((good, "k"))
        #expect(!keys.verifies(token))
    }
}

@Suite("Keys of tokens")
struct KeyTests {
    @Test("each algorithm signs, and is verified with the published key alone", arguments: SignatureAlgorithm.asymmetric)
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey(generating: algorithm)
        let text = try key.sign(["sub": "ada", "n": .number("1.0")], keyID: "one")
        let token = try SignedToken(text)
        #expect(token.algorithm == algorithm && token.keyID == "one")
        #expect(token.payload == Array(#"{"sub":"ada","n":1.0}"#.utf8))
        let keys = try published((key, "one"))
        #expect(keys.verifies(token))
        let others = try published((try SigningKey(generating: algorithm), "one"))
        #expect(!others.verifies(token))
        let reread = try SigningKey(algorithm, stored: key.stored)
        #expect(keys.verifies(try SignedToken(try reread.sign(["sub": "ada"], keyID: "one"))))
        let otherName = try published((key, "two"))
        #expect(!otherName.verifies(token))
    }

    @Test("a key verifies no token of another kind or algorithm")
    func algorithmOfTheKey() throws {
        for made in SignatureAlgorithm.asymmetric {
            let key = try VerificationKey(jwk: try SigningKey(generating: made).publicJWK(id: "k"))
            for asked in SignatureAlgorithm.allCases { #expect(key.allows(asked) == (made == asked), "\(made) \(asked)") }
        }
    }

    @Test("the public key of a signature is no shared secret")
    func confusedKey() throws {
        let key = try SigningKey(generating: .rs256)
        let jwk = try key.publicJWK(id: "k")
        let keys = try published((key, "k"))
        for secret in [jwk.encoded(), Array((jwk["n"]?.stringValue ?? "").utf8), key.stored] {
            // What an attacker does: HS256 with the text of the public key as the secret.
            let header = Base64.encode(Array(#"{"alg":"HS256","kid":"k"}"#.utf8), as: .url)
            let signed = header + "." + Base64.encode(Array(#"{"sub":"root"}"#.utf8), as: .url)
            let mac = testHMAC(Array(signed.utf8), key: secret)
            let token = try SignedToken(signed + "." + Base64.encode(mac, as: .url))
            #expect(!keys.verifies(token))
            // The forgery is a right one, if somebody had that secret.
            #expect(try VerificationKey(sharedSecret: secret).verifies(token))
        }
    }

    @Test("a short secret is refused")
    func shortSecret() {
        #expect(throws: JOSEError.badKey) { try VerificationKey(sharedSecret: [UInt8](repeating: 1, count: 31)) }
        #expect(throws: Never.self) { try VerificationKey(sharedSecret: [UInt8](repeating: 1, count: 32)) }
    }

    @Test(
        "refuses keys that are private, symmetric, for encryption, or malformed",
        arguments: [
            #"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, #"{"kty":"oct"}"#, "{}", #"{"kty":"RSA"}"#,
            #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"AA"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"enc"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"RS256"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"HS256"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"none"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["sign"]}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":7}"#,
        ])
    func badKeys(text: String) throws {
        let jwk = try object(text)
        #expect(throws: JOSEError.badKey) { try VerificationKey(jwk: jwk) }
        #expect(try KeySet(parsing: JSON.object(["keys": [.object(jwk)]]).encoded()).keys.isEmpty)
    }

    @Test("a huge modulus or exponent is refused before it costs time")
    func hugeNumbers() throws {
        let huge = Base64.encode([UInt8](repeating: 0xFF, count: 1_025), as: .url)
        #expect(throws: JOSEError.badKey) { try VerificationKey(jwk: ["kty": "RSA", "n": .string(huge), "e": "AQAB"]) }
        let modulus = try SigningKey(generating: .rs256).publicJWK(id: "")["n"] ?? ""
        let exponent = Base64.encode([UInt8](repeating: 0xFF, count: 5), as: .url)
        #expect(throws: JOSEError.badKey) { try VerificationKey(jwk: ["kty": "RSA", "n": modulus, "e": .string(exponent)]) }
    }

    @Test("a set leaves out what it does not know, and is bounded")
    func sets() throws {
        let known = JSON.object(try SigningKey(generating: .edDSA).publicJWK(id: "k"))
        let odd: JSON = ["keys": [["kty": "PQ"], 7, "x", .null, known]]
        #expect(try KeySet(parsing: odd.encoded()).keys.count == 1)
        let many: JSON = ["keys": .array(Array(repeating: known, count: KeySet.keysMax + 1))]
        #expect(try KeySet(parsing: Array(#"{"keys":[]}"#.utf8)).keys.isEmpty)
        for text in [many.encoded(), Array("[]".utf8), Array("{}".utf8), Array(#"{"keys":{}}"#.utf8), []] {
            #expect(throws: JOSEError.badKeySet) { try KeySet(parsing: text) }
        }
        let twice = Array(#"{"keys":[\#(String(decoding: known.encoded(), as: UTF8.self))],"keys":[]}"#.utf8)
        #expect(throws: JOSEError.badKeySet) { try KeySet(parsing: twice) }
    }

    @Test("all keys of a configuration are tried with a token that names none")
    func manyKeys() throws {
        let keys = try (0..<20).map { _ in try SigningKey(generating: .es256) }
        let own = KeySet(try keys.map { try VerificationKey(jwk: try $0.publicJWK(id: "").without("kid")) })
        for key in keys { #expect(own.verifies(try SignedToken(try key.sign(["sub": "a"], keyID: nil)))) }
    }

    @Test("the PEM texts of OpenSSL are read, and verify")
    func pem() throws {
        let key = try VerificationKey(pem: PEMSamples.ed25519)
        #expect(key.id == nil && key.allows(.edDSA) && !key.allows(.es256) && !key.allows(.hs256))
        #expect(try VerificationKey(pem: PEMSamples.p256).allows(.es256))
        #expect(try VerificationKey(pem: PEMSamples.p384).allows(.es384))
        #expect(try VerificationKey(pem: PEMSamples.p521).allows(.es512))
        let rsa = try VerificationKey(pem: PEMSamples.rsa)
        #expect(rsa.allows(.rs256) && rsa.allows(.ps512) && !rsa.allows(.hs256))
        #expect(rsa.verifies(try SignedToken(PEMSamples.rsaToken)))
        #expect(try VerificationKey(pem: PEMSamples.certificate).verifies(try SignedToken(PEMSamples.rsaToken)))
    }

    @Test(
        "refuses PEM texts that are not one public key",
        arguments: [
            "", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            PEMSamples.p256 + "\n" + PEMSamples.p256, PEMSamples.privateKey, PEMSamples.smallRSA,
        ])
    func badPEM(text: String) {
        #expect(throws: JOSEError.badKey) { try VerificationKey(pem: text) }
    }
}
