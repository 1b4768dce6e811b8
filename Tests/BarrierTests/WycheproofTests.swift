// The primitives below the barrier are internal to it.
@testable import Barrier
import Ciphers
import Crypto
import SecretMemory
import Syntax
import Testing

/// Project Wycheproof's cases for the primitives, through the wrappers that the barrier uses.
@Suite(.enabled(if: Vectors.areExpected, "run scripts/install-vectors"))
struct WycheproofTests {
    /// Counted, so that a case that stops applying is noticed.
    @Test func `AES-GCM with 256-bit keys, 96-bit nonces and 128-bit tags`() throws {
        var counts = (valid: 0, invalid: 0, notApplicable: 0)
        for group in try Vectors.wycheproof("Cipher/wycheproof/aes_gcm_test.json") {
            let tests = group["tests"]?.arrayValue ?? []
            guard group["keySize"] == 256, group["ivSize"] == 96, group["tagSize"] == 128 else {
                counts.notApplicable += tests.count
                continue
            }
            for test in tests {
                let isValid = test["result"] == "valid"
                let key = test.hex("key")
                let sealed = test.hex("iv") + test.hex("ct") + test.hex("tag")
                let opened = sealed.withUnsafeBytes { sealed in
                    key.withUnsafeBytes { key in
                        test.hex("aad").withUnsafeBytes { try? AES256GCM.open(sealed, key: key, authenticating: $0) }
                    }
                }
                #expect(opened == (isValid ? test.hex("msg") : nil), "case \(test["tcId"]?.intValue ?? 0)")
                if isValid {
                    counts.valid += 1
                    var again: [UInt8] = []
                    try test.hex("msg").withUnsafeBytes { message in
                        try test.hex("iv").withUnsafeBytes { nonce in
                            try test.hex("aad").withUnsafeBytes { associated in
                                try key.withUnsafeBytes {
                                    try AES256GCM.seal(
                                        message, key: $0, nonce: nonce, authenticating: associated, into: &again)
                                }
                            }
                        }
                    }
                    #expect(again == sealed, "case \(test["tcId"]?.intValue ?? 0)")
                } else {
                    counts.invalid += 1
                }
            }
        }
        #expect(counts == (valid: 39, invalid: 27, notApplicable: 250))
    }

    @Test func `HKDF-SHA256`() throws {
        var counts = (valid: 0, notApplicable: 0)
        for group in try Vectors.wycheproof("Protocol/wycheproof/hkdf_sha256_test.json") {
            for test in group["tests"]?.arrayValue ?? [] {
                // Lengths that HKDF cannot give; ours are fixed.
                guard test["result"] == "valid", let size = test["size"]?.intValue else {
                    counts.notApplicable += 1
                    continue
                }
                counts.valid += 1
                let derived = KeyDerivation.derive(
                    from: SecretBytes(test.hex("ikm")), salt: test.hex("salt"), info: test.hex("info"), count: size)
                #expect(derived.withUnsafeBytes { Array($0) } == test.hex("okm"), "case \(test["tcId"]?.intValue ?? 0)")
            }
        }
        #expect(counts == (valid: 83, notApplicable: 3))
    }
}
