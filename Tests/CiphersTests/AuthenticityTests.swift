import Ciphers
import SecretMemory
import Testing

/// What every cipher must refuse, whatever vectors there are of it.
@Suite("Sealed text")
struct AuthenticityTests {
    enum Kind: CaseIterable {
        case xaes, xchacha

        func seal(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], with associated: [UInt8]) throws -> [UInt8] {
            var output: [UInt8] = []
            try plain.withUnsafeBytes { plain in
                try nonce.withUnsafeBytes { nonce in
                    try associated.withUnsafeBytes { associated in
                        switch self {
                        case .xaes:
                            try XAES256GCM(key: SecretBytes(key)).seal(
                                plain, nonce: nonce, authenticating: associated, into: &output)
                        case .xchacha:
                            try XChaCha20Poly1305(key: SecretBytes(key)).seal(
                                plain, nonce: nonce, authenticating: associated, into: &output)
                        }
                    }
                }
            }
            return output
        }

        /// nil for what is refused.
        func open(_ sealed: [UInt8], key: [UInt8], with associated: [UInt8]) -> [UInt8]? {
            sealed.withUnsafeBytes { sealed in
                associated.withUnsafeBytes { associated in
                    switch self {
                    case .xaes: try? XAES256GCM(key: SecretBytes(key)).open(sealed, authenticating: associated)
                    case .xchacha: try? XChaCha20Poly1305(key: SecretBytes(key)).open(sealed, authenticating: associated)
                    }
                }
            }
        }
    }

    private static let key = [UInt8](0..<32)
    private static let nonce = [UInt8](100..<124)
    private static let plain = Array("attack at dawn".utf8)
    private static let associated = Array("records/1".utf8)

    @Test("opens whole, and not with any byte changed, left out or added", arguments: Kind.allCases)
    func tampering(kind: Kind) throws {
        let sealed = try kind.seal(Self.plain, key: Self.key, nonce: Self.nonce, with: Self.associated)
        #expect(sealed.count == 24 + Self.plain.count + 16)
        #expect(kind.open(sealed, key: Self.key, with: Self.associated) == Self.plain)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(kind.open(changed, key: Self.key, with: Self.associated) == nil, "byte \(index)")
        }
        for count in sealed.indices { #expect(kind.open(Array(sealed[..<count]), key: Self.key, with: Self.associated) == nil) }
        #expect(kind.open(sealed + [0], key: Self.key, with: Self.associated) == nil)
    }

    @Test("of nothing is authentic too", arguments: Kind.allCases)
    func empty(kind: Kind) throws {
        var sealed = try kind.seal([], key: Self.key, nonce: Self.nonce, with: Self.associated)
        #expect(kind.open(sealed, key: Self.key, with: Self.associated) == [])
        sealed[sealed.count - 1] ^= 0x80
        #expect(kind.open(sealed, key: Self.key, with: Self.associated) == nil)
    }

    @Test("opens only with the text that goes with it", arguments: Kind.allCases)
    func associatedText(kind: Kind) throws {
        let sealed = try kind.seal(Self.plain, key: Self.key, nonce: Self.nonce, with: Self.associated)
        for other in [[], Array("records/2".utf8), Array("records/10".utf8), Self.associated + [0]] as [[UInt8]] {
            #expect(kind.open(sealed, key: Self.key, with: other) == nil)
        }
    }

    @Test("opens only under its key", arguments: Kind.allCases)
    func otherKey(kind: Kind) throws {
        let sealed = try kind.seal(Self.plain, key: Self.key, nonce: Self.nonce, with: Self.associated)
        #expect(kind.open(sealed, key: Self.key.reversed(), with: Self.associated) == nil)
    }

    @Test("is not made with a key or a nonce of another length", arguments: Kind.allCases)
    func lengths(kind: Kind) {
        for count in [0, 12, 23, 25, 48] {
            let nonce = [UInt8](repeating: 1, count: count)
            #expect(throws: CipherError.invalidParameter) {
                try kind.seal(Self.plain, key: Self.key, nonce: nonce, with: Self.associated)
            }
        }
        for count in [0, 16, 31, 33, 64] {
            let key = [UInt8](repeating: 1, count: count)
            #expect(throws: CipherError.invalidParameter) {
                try kind.seal(Self.plain, key: key, nonce: Self.nonce, with: Self.associated)
            }
        }
    }
}
