import OneTimeCodes
import Testing

@Suite("Codes that follow the time")
struct TOTPTests {
    /// The secret of the RFCs: the digits 1 to 0, repeated.
    private func secret(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(ascii: "0") + UInt8(($0 + 1) % 10) } }

    private func code(_ totp: TOTP, _ count: Int, at seconds: Int) -> String {
        String(decoding: totp.code(secret(count), step: totp.step(at: seconds)), as: UTF8.self)
    }

    @Test("the values of RFC 4226, appendix D")
    func counters() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ]
        for (step, value) in expected.enumerated() {
            #expect(String(decoding: TOTP().code(secret(20), step: step), as: UTF8.self) == value)
        }
    }

    @Test(
        "the values of RFC 6238, appendix B",
        arguments: [
            (59, "94287082", "46119246", "90693936"), (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"), (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"), (20_000_000_000, "65353130", "77737706", "47863826"),
        ])
    func times(seconds: Int, sha1: String, sha256: String, sha512: String) {
        #expect(code(TOTP(algorithm: .sha1, digits: 8), 20, at: seconds) == sha1)
        #expect(code(TOTP(algorithm: .sha256, digits: 8), 32, at: seconds) == sha256)
        #expect(code(TOTP(algorithm: .sha512, digits: 8), 64, at: seconds) == sha512)
    }

    @Test("a code is found at its step and at those within the skew, and nowhere else")
    func skew() {
        let (totp, key) = (TOTP(), secret(20))
        let now = 1_234_567_890
        let middle = totp.step(at: now)
        for offset in -3...3 {
            let code = String(decoding: totp.code(key, step: middle + offset), as: UTF8.self)
            #expect(totp.steps(matching: code, key, at: now, skew: 1) == (abs(offset) <= 1 ? [middle + offset] : []))
            #expect(totp.steps(matching: code, key, at: now, skew: 0) == (offset == 0 ? [middle] : []))
        }
        #expect(totp.steps(matching: "755224", key, at: 0, skew: 1) == [0])
    }

    @Test(
        "a code with anything but its digits is none",
        arguments: ["", " %", "% ", "%\n", "\t%", "0%", "+%", "%.", "% %", "٠١٢٣٤٥", "１２３４５６", "-00001", "1e0001"])
    func malformed(pattern: String) {
        let (totp, key) = (TOTP(), secret(20))
        let code = String(decoding: totp.code(key, step: 7), as: UTF8.self)
        let text = pattern.split(separator: "%", omittingEmptySubsequences: false).joined(separator: code)
        #expect(totp.steps(matching: text, key, at: 7 * 30, skew: 1).isEmpty)
        #expect(totp.steps(matching: code, key, at: 7 * 30, skew: 1) == [7])
    }

    @Test(
        "base32 without padding",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ])
    func base32(text: String, encoded: String) { #expect(Base32.encode(Array(text.utf8)) == encoded) }

    @Test("the URL names the issuer twice and escapes what would end a part of it")
    func url() {
        let url = TOTP(algorithm: .sha256, digits: 8, period: 60).url(
            Array("foobar".utf8), issuer: "Ärzte & Co", account: "ann/b?c")
        #expect(
            url == "otpauth://totp/%C3%84rzte%20%26%20Co:ann%2Fb%3Fc?algorithm=SHA256&digits=8&issuer=%C3%84rzte%20%26%20Co"
                + "&period=60&secret=MZXW6YTBOI")
    }
}
