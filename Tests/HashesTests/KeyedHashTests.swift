import Crypto
import Hashes
import Testing

@Suite("Hashes that begin alike")
struct KeyedHashTests {
    /// RFC 4231, cases 1, 2 and 3.
    @Test(
        "computes the published HMACs",
        arguments: [
            (
                Array(repeating: UInt8(0x0B), count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                Array(repeating: UInt8(0xAA), count: 20), Array(repeating: UInt8(0xDD), count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
        ])
    func published(key: [UInt8], message: [UInt8], expected: String) {
        #expect(hex(code(keyedHash(key), message)) == expected)
    }

    @Test("agrees with another implementation at every length around the block, one after the other")
    func agrees() {
        let key = (0..<32).map { UInt8($0 * 7) }
        let keyed = keyedHash(key)
        for length in [0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 4_095, 4_096, 4_097] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 31 + length) }
            let expected = Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
            #expect(code(keyed, message) == expected, "length \(length)")
        }
    }

    @Test("takes a key of a whole block")
    func wholeBlock() {
        let key = [UInt8](repeating: 0x5C, count: 64)
        let expected = Array(HMAC<SHA256>.authenticationCode(for: Array("text".utf8), using: SymmetricKey(data: key)))
        #expect(code(keyedHash(key), Array("text".utf8)) == expected)
    }

    @Test("hashes a beginning and an end like the whole", arguments: [0, 5, 64, 100])
    func started(length: Int) {
        let beginning = [UInt8](repeating: 1, count: length)
        let end = [UInt8](repeating: 2, count: 70)
        let started = beginning.withUnsafeBytes { StartedHash($0) }
        var hash = [UInt8](repeating: 0, count: StartedHash.bytes)
        for _ in 0..<2 {
            hash.withUnsafeMutableBytes { output in end.withUnsafeBytes { started.write(finishedWith: $0, to: output) } }
            #expect(hash == Array(SHA256.hash(data: beginning + end)))
        }
    }

    private func keyedHash(_ key: [UInt8]) -> KeyedHash { key.withUnsafeBytes { KeyedHash(key: $0) } }

    private func code(_ keyed: KeyedHash, _ message: [UInt8]) -> [UInt8] {
        var code: [UInt8] = []
        message.withUnsafeBytes { keyed.withCode(of: $0) { code = Array($0) } }
        return code
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 0xF, radix: 16) }.joined()
    }
}
