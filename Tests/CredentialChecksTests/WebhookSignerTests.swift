import CredentialChecks
import EngineKit
import Syntax
import Testing

/// The vector is that of the Standard Webhooks specification and its libraries.
@Suite("Standard Webhooks")
struct WebhookSignerTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private let time = 1_614_265_330
    private let body = Array(#"{"test": 2432232314}"#.utf8)
    private let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func accepts(
        id: String? = nil, time: String? = nil, signatures: String? = nil, body: [UInt8]? = nil, after seconds: Int = 0
    ) throws -> Bool {
        try #require(WebhookSigner(secret: secret)).verify(
            id: id ?? self.id, timestamp: time ?? String(self.time), signatures: signatures ?? signature, body: body ?? self.body,
            at: Timestamp(seconds: self.time + seconds))
    }

    @Test("signs as the specification's vector")
    func vector() throws {
        let signer = try #require(WebhookSigner(secret: secret))
        #expect(signer.sign(id: id, timestamp: time, body: body) == signature)
        #expect(
            try #require(WebhookSigner(secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).sign(id: id, timestamp: time, body: body)
                == signature)
        #expect(try accepts())
    }

    @Test("five minutes to either side are accepted, and no more")
    func tolerance() throws {
        for seconds in [-300, 0, 300] { #expect(try accepts(after: seconds)) }
        for seconds in [-301, 301, 86_400] { #expect(try !accepts(after: seconds)) }
    }

    @Test("one of several signatures is enough, and other versions are ignored")
    func several() throws {
        let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        #expect(try accepts(signatures: "\(wrong) v1a,xyz \(signature)") && accepts(signatures: "\(signature) \(wrong)"))
        #expect(try !accepts(signatures: wrong) && !accepts(signatures: "") && !accepts(signatures: "v2" + signature.dropFirst(2)))
        #expect(try !accepts(signatures: String(repeating: wrong + " ", count: 16) + signature))
    }

    @Test("anything changed is refused")
    func changed() throws {
        #expect(try !accepts(body: body + [0x20]) && !accepts(body: []) && !accepts(id: "msg_other") && !accepts(id: ""))
        #expect(try !accepts(time: String(time + 1)) && !accepts(time: "+\(time)") && !accepts(time: "") && !accepts(time: "1e9"))
        #expect(try !accepts(time: "99999999999999999999") && !accepts(time: "-\(time)"))
        // The parts of what is signed must not be able to move into each other.
        #expect(try !accepts(id: "\(id).1"))
    }

    @Test(
        "refuses secrets that are not base64 of 24 to 64 bytes",
        arguments: [
            "", "whsec_", "whsec_short", "whsec_!!!!", "whsec_" + String(repeating: "A", count: 28),
            "whsec_" + String(repeating: "A", count: 92), "whsec_" + String(repeating: "A", count: 65_536),
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS\n",
        ])
    func badSecrets(secret: String) {
        #expect(WebhookSigner(secret: secret) == nil)
    }

    @Test("a good secret passes its own test")
    func selfTest() throws {
        #expect(try #require(WebhookSigner(secret: secret)).passesSelfTest(at: Timestamp(seconds: time)))
    }
}
