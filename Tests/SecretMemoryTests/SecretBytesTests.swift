import SecretMemory
import Testing

@Suite("Secret bytes")
struct SecretBytesTests {
    private let secret = SecretBytes(Array("canary".utf8))

    @Test("hand out what they were made of")
    func handsOut() {
        #expect(secret.count == 6)
        #expect(secret.withBytes { Array($0) } == Array("canary".utf8))
        #expect(SecretBytes([]).withBytes { $0.count } == 0)
    }

    @Test("never print, whoever prints them")
    func neverPrint() {
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), String(describing: [secret]), dumped] {
            #expect(!text.contains("canary"))
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(secret.description == "[secret]" && secret.debugDescription == "[secret]")
    }

    @Test("that are filled in place begin as zeros")
    func beginAsZeros() {
        let filled = SecretBytes(count: 4) { $0[1] = 7 }
        #expect(filled.withBytes { Array($0) } == [0, 7, 0, 0])
    }
}

@Suite("Constant-time comparison")
struct ConstantTimeTests {
    @Test(
        "says no to every difference, of lengths too",
        arguments: [
            ([1, 2, 3], [1, 2, 3], true), ([], [], true), ([1, 2, 3], [1, 2, 4], false), ([1, 2, 3], [0, 2, 3], false),
            ([1, 2], [1, 2, 3], false), ([1, 2, 3], [1, 2], false), ([], [0], false), ([0], [], false),
        ] as [([UInt8], [UInt8], Bool)])
    func compares(left: [UInt8], right: [UInt8], isSame: Bool) {
        #expect(constantTimeEqual(left, right) == isSame)
        #expect(constantTimeEqual(left[...], right[...]) == isSame)
        // Neither lies in one piece.
        #expect(constantTimeEqual(left.lazy.map { $0 }, right.lazy.map { $0 }) == isSame)
    }

    @Test("zeroes the whole array")
    func zeroes() {
        var bytes: [UInt8] = [1, 2, 3]
        zero(&bytes)
        #expect(bytes == [0, 0, 0])
    }
}

@Suite("The system's random numbers")
struct SystemGeneratorTests {
    @Test("fill all of the memory", arguments: [1, 16, 17, 32, 1_000])
    func fill(count: Int) {
        // A byte that stays zero in every of 40 fillings was not filled.
        var seen = [UInt8](repeating: 0, count: count)
        for _ in 0..<40 {
            var bytes = [UInt8](repeating: 0, count: count)
            #expect(bytes.withUnsafeMutableBytes { SystemGenerator.fill($0) })
            for index in seen.indices { seen[index] |= bytes[index] }
        }
        #expect(!seen.contains(0))
    }
}
