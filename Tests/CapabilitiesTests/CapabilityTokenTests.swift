import Capabilities
import Testing

@Suite("A capability token")
struct CapabilityTokenTests {
    private static let parent = "coffer.s.parent-of-all"
    private static let caveats: [Caveat] = [
        .paths(["services/data/newsbot/prod/", "service-projects/caller"]), .operations(["read", "list"]), .expiry(1_900_000_000),
        .uses(5, counter: "0123456789abcdef0123456789abcdef"), .sources(["10.0.0.0/8", "::1"]),
    ]

    private func token(_ caveats: [Caveat] = Self.caveats) throws -> CapabilityToken {
        var token = CapabilityToken(parent: Self.parent)
        for caveat in caveats { token = try CapabilityToken(narrowing: token, by: caveat) }
        return token
    }

    @Test("travels as text and is signed by its parent alone")
    func roundTrip() throws {
        let read = try CapabilityToken(try token().text)
        #expect(read.caveats == Self.caveats)
        #expect(read.handle == ParentKeys.handle(of: Self.parent))
        #expect(read.isSigned(by: ParentKeys.key(of: Self.parent)))
        #expect(!read.isSigned(by: ParentKeys.key(of: Self.parent + "x")))
        #expect(ParentKeys.handle(of: Self.parent) != ParentKeys.key(of: Self.parent))
    }

    @Test("can be narrowed by whoever holds it, without the parent")
    func narrowing() throws {
        let held = try CapabilityToken(try token([.operations(["read", "list"])]).text)
        let narrower = try CapabilityToken(narrowing: held, by: .operations(["read"]))
        #expect(narrower.isSigned(by: ParentKeys.key(of: Self.parent)))
        #expect(narrower.caveats.count == 2)
    }

    @Test("is refused with any bit changed")
    func tampering() throws {
        let text = Array(try token().text.utf8)
        let key = ParentKeys.key(of: Self.parent)
        for index in text.indices {
            for bit in 0..<7 {
                var changed = text
                changed[index] ^= 1 << UInt8(bit)
                guard let read = try? CapabilityToken(String(decoding: changed, as: UTF8.self)) else { continue }
                #expect(!read.isSigned(by: key) || read.handle != ParentKeys.handle(of: Self.parent), "byte \(index) bit \(bit)")
            }
        }
    }

    @Test("is refused with a caveat left out, moved or added without the chain")
    func surgery() throws {
        let key = ParentKeys.key(of: Self.parent)
        let whole = try token()
        for left in Self.caveats.indices {
            var fewer = Self.caveats
            fewer.remove(at: left)
            // What somebody without the parent can build: the caveats they like, with the signature they saw.
            let forged = try CapabilityToken(Self.spliced(fewer, signedAs: whole))
            #expect(!forged.isSigned(by: key))
        }
        let turned = try CapabilityToken(Self.spliced(Self.caveats.reversed(), signedAs: whole))
        #expect(!turned.isSigned(by: key))
        let none = try CapabilityToken(Self.spliced([], signedAs: whole))
        #expect(!none.isSigned(by: key))
    }

    /// A token with these caveats and the other one's signature, put together from their texts.
    private static func spliced(_ caveats: [Caveat], signedAs other: CapabilityToken) throws -> String {
        var made = CapabilityToken(parent: parent)
        for caveat in caveats { made = try CapabilityToken(narrowing: made, by: caveat) }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        func bytes(_ text: String) -> [UInt8] {
            var (output, bits, count): ([UInt8], UInt32, Int) = ([], 0, 0)
            for byte in text.utf8.dropFirst(CapabilityToken.prefix.utf8.count) {
                bits = bits << 6 | UInt32(alphabet.firstIndex(of: byte) ?? 0)
                count += 6
                if count >= 8 {
                    count -= 8
                    output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                }
            }
            return output
        }
        let joined = bytes(made.text).dropLast(32) + bytes(other.text).suffix(32)
        var (text, bits, count): ([UInt8], UInt32, Int) = ([], 0, 0)
        for byte in joined {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count)) & 63])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count)) & 63]) }
        return CapabilityToken.prefix + String(decoding: text, as: UTF8.self)
    }

    @Test(
        "is no token when malformed",
        arguments: [
            "", "coffer.c.", "coffer.c.AAAA", "coffer.s.x", "coffer.c." + String(repeating: "A", count: 9_000), "coffer.c.****",
        ])
    func malformed(_ text: String) {
        #expect(throws: CapabilityRefusal.self) { try CapabilityToken(text) }
    }

    @Test("takes sixteen caveats and no empty or unknown one")
    func bounds() throws {
        var token = CapabilityToken(parent: Self.parent)
        for bad in [
            Caveat.paths([]), .paths([""]), .operations(["fly"]), .uses(0, counter: "x"), .sources([]), .expiry(0),
            .expiry(Int.max),
        ] {
            #expect(throws: CapabilityRefusal.badCaveat) { try CapabilityToken(narrowing: token, by: bad) }
        }
        for _ in 0..<16 { token = try CapabilityToken(narrowing: token, by: .expiry(5)) }
        #expect(throws: CapabilityRefusal.tooManyCaveats) { try CapabilityToken(narrowing: token, by: .expiry(4)) }
    }

    @Test(
        "covers whole segments",
        arguments: [
            ("a/b/", "a/b/c", true), ("a/b/", "a/b/", true), ("a/b/", "a/b", false), ("a/b/", "a/bc", false), ("a/b", "a/b", true),
            ("a/b", "a/b/c", false), ("a/b", "a/bc", false),
        ])
    func covering(_ prefix: String, _ path: String, _ covered: Bool) {
        #expect(Caveat.covers([prefix], path) == covered)
    }
}
