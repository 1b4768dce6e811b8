// The nonce is fixed by the vectors, and nothing but the cipher itself takes one.
@testable import Barrier
import Ciphers
import SecretMemory
import Testing

@Suite struct XAES256GCMTests {
    struct Vector: Sendable {
        var key: UInt8
        var associated: String
        var sealed: String
    }

    /// https://c2sp.org/XAES-256-GCM, with the top bit of L clear and set.
    static let vectors = [
        Vector(key: 0x01, associated: "", sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        Vector(
            key: 0x03, associated: "c2sp.org/XAES-256-GCM", sealed: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ]

    @Test(arguments: vectors) func `seals and opens as the C2SP vectors say`(_ vector: Vector) throws {
        let cipher = try XAES256GCM(key: SecretBytes([UInt8](repeating: vector.key, count: 32)))
        let nonce = Array("ABCDEFGHIJKLMNOPQRSTUVWX".utf8)
        let sealed = try cipher.sealed(Array("XAES-256-GCM".utf8), nonce: nonce, Array(vector.associated.utf8))
        #expect(sealed.dropFirst(24).map { $0 } == [UInt8](hex: vector.sealed))
        #expect(try cipher.opened(sealed, Array(vector.associated.utf8)) == Array("XAES-256-GCM".utf8))
    }

    @Test func `gives the accumulated hash of 10,000 random messages`() throws {
        var random = SHAKE128()
        var hash = SHAKE128()
        for iteration in 0..<10_000 {
            let key = random.squeeze(32)
            if iteration == 0 { #expect(key.prefix(16) == [UInt8](hex: "7f9c2ba4e88f827d616045507605853e")[...]) }
            let nonce = random.squeeze(24)
            let plaintext = random.squeeze(Int(random.squeeze(1)[0]))
            let associated = random.squeeze(Int(random.squeeze(1)[0]))
            let cipher = try XAES256GCM(key: SecretBytes(key))
            let sealed = try cipher.sealed(plaintext, nonce: nonce, associated)
            hash.absorb(Array(sealed.dropFirst(24)))
            if iteration.isMultiple(of: 100) { #expect(try cipher.opened(sealed, associated) == plaintext) }
        }
        #expect(hash.squeeze(32).hex == "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939")
    }

    @Test(arguments: [0, 16, 31, 33, 64]) func `refuses a key of another length`(_ count: Int) {
        #expect(throws: CipherError.invalidParameter) { try XAES256GCM(key: SecretBytes([UInt8](repeating: 9, count: count))) }
    }

    @Test(arguments: [0, 12, 23, 25]) func `refuses a nonce of another length`(_ count: Int) throws {
        let cipher = try XAES256GCM(key: SecretBytes([UInt8](repeating: 9, count: 32)))
        #expect(throws: CipherError.invalidParameter) {
            try cipher.sealed([1], nonce: [UInt8](repeating: 0, count: count), [])
        }
    }

    @Test func `opens nothing that is too short to hold a nonce and a tag`() throws {
        let cipher = try XAES256GCM(key: SecretBytes([UInt8](repeating: 9, count: 32)))
        for count in 0..<40 {
            #expect(throws: CipherError.doesNotOpen) { try cipher.opened([UInt8](repeating: 0, count: count), []) }
        }
    }
}

extension XAES256GCM {
    func sealed(_ plaintext: [UInt8], nonce: [UInt8], _ associated: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        try plaintext.withUnsafeBytes { plaintext in
            try nonce.withUnsafeBytes { nonce in
                try associated.withUnsafeBytes { try seal(plaintext, nonce: nonce, authenticating: $0, into: &output) }
            }
        }
        return output
    }

    func opened(_ sealed: [UInt8], _ associated: [UInt8]) throws -> [UInt8] {
        try sealed.withUnsafeBytes { sealed in try associated.withUnsafeBytes { try open(sealed, authenticating: $0) } }
    }
}
