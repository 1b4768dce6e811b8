import Barrier
import EngineKit
import Foundation
import SecretMemory
import TestSupport
import Testing

extension StaticSeal {
    /// A seal whose keys are derived from their ids.
    static func test(_ id: String, previous: String? = nil) throws -> StaticSeal {
        try StaticSeal(
            StaticSealConfiguration(
                currentKeyID: id, currentKey: key(id), previousKeyID: previous, previousKey: previous.map(key)),
            sources: KeySources(lookup: { _ in nil }, readFile: { _ in [] }))
    }

    static func key(_ id: String) -> String {
        SeededRandomness(seed: UInt64(id.utf8.reduce(0) { $0 &* 131 &+ Int($1) })).bytes(32).hex
    }
}

extension [String: [UInt8]] {
    struct NoSuchFile: Error {}

    func read(_ path: String) throws -> [UInt8] {
        guard let bytes = self[path] else { throw NoSuchFile() }
        return bytes
    }
}

extension Seal where Self == StaticSeal {
    static func test(_ id: String, previous: String? = nil) throws -> StaticSeal { try StaticSeal.test(id, previous: previous) }
}

@Suite struct StaticSealTests {
    static let raw = SeededRandomness(seed: 42).bytes(32)
    static let half = Array(raw.prefix(16))
    static let base64 = Data(raw).base64EncodedString()

    static func load(_ text: String, variables: [String: String] = [:], files: [String: [UInt8]] = [:]) throws -> StaticSeal {
        try StaticSeal(
            StaticSealConfiguration(currentKeyID: "k1", currentKey: text), sources: sources(variables, files))
    }

    static func sources(_ variables: [String: String], _ files: [String: [UInt8]]) -> KeySources {
        KeySources(lookup: { variables[$0] }, readFile: { try files.read($0) })
    }

    /// Whether both open what the other wrapped.
    private func expectSame(_ left: StaticSeal, _ right: StaticSeal) async throws {
        let bench = Bench(seal: left)
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        #expect(try await bench.restarted(seal: right).controller.unsealAutomatically() == .unsealed)
    }

    static let spellings: [(String, [String: String], [String: [UInt8]])] = [
        (raw.hex, [:], [:]),
        (raw.hex.uppercased(), [:], [:]),
        ("hex:" + raw.hex, [:], [:]),
        (base64, [:], [:]),
        (String(base64.dropLast()), [:], [:]),
        (base64.replacing("+", with: "-").replacing("/", with: "_"), [:], [:]),
        ("base64:" + base64, [:], [:]),
        ("env://COFFER_UNSEAL_KEY", ["COFFER_UNSEAL_KEY": base64], [:]),
        ("env://COFFER_UNSEAL_KEY", ["COFFER_UNSEAL_KEY_FILE": "/run/key"], ["/run/key": Array(base64.utf8) + [10]]),
        ("file:///run/key", [:], ["/run/key": raw]),
        ("file:///run/key", [:], ["/run/key": Array(raw.hex.utf8)]),
        ("file:///run/key", [:], ["/run/key": Array((raw.hex + "\r\n").utf8)]),
    ]

    @Test(arguments: spellings)
    func `takes a key as raw bytes, hex or base64`(
        _ text: String, _ variables: [String: String], _ files: [String: [UInt8]]
    ) async throws {
        try await expectSame(Self.load(text, variables: variables, files: files), Self.load(Self.raw.hex))
    }

    static let refusals: [(String, KeyRefusal)] = [
        ("", .missing),
        ("env://UNSET", .missing),
        ("env://", .missing),
        ("file:///none", .unreadable),
        ("file://relative", .unreadable),
        ("env://FROM_FILE", .unreadable),
        ("env://BOTH", .ambiguous),
        ("tiny", .short),
        (half.hex, .short),
        (raw.hex.dropLast(2).description, .short),
        (raw.hex + "00", .long),
        (Data(raw.prefix(31)).base64EncodedString(), .short),
        (Data(raw + [1]).base64EncodedString(), .long),
        ("base64:***", .malformed),
        ("hex:zz", .malformed),
        (raw.hex.dropLast().description + "!", .malformed),
        (String(repeating: "x!", count: 40), .malformed),
        (String(repeating: "a", count: 10_000), .long),
        (String(repeating: "0", count: 64), .weak),
        (String(repeating: "ff", count: 32), .weak),
        (String(repeating: "01", count: 32), .weak),
        (String(repeating: "0123456789abcdef", count: 4), .weak),
        (String(repeating: "deadbeef", count: 8), .weak),
        (Array(UInt8(0)..<32).hex, .weak),
        (Array(UInt8(1)...32).hex, .weak),
        (Array((UInt8(0)..<32).reversed()).hex, .weak),
        (Array(UInt8(0x80)..<0xA0).hex, .weak),
        ("abcdefghijklmnopqrstuvwxyz012345", .weak),
        ("01234567890123456789012345678901", .short),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", .weak),
        (half.hex + half.hex, .weak),
        ("change-me-to-32-random-bytes-pls", .published),
        ("your-32-character-encryption-key", .published),
        ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", .published),
        ("b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4", .published),
        ("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", .published),
    ]

    @Test(arguments: refusals)
    func `refuses a key that is missing, malformed, short, weak or published`(_ text: String, _ reason: KeyRefusal) {
        let variables = ["FROM_FILE_FILE": "/none", "BOTH": Self.raw.hex, "BOTH_FILE": "/run/key"]
        let error = #expect(throws: SealError.self) { try Self.load(text, variables: variables) }
        let source = text.contains("://") ? text : "current_key"
        #expect(error == .refusedKey(source: source, reason))
        if !text.isEmpty && !text.contains("://") { #expect(!String(describing: error).contains(text)) }
    }

    @Test(arguments: ["", " ", "a b", "k\n", "ü", String(repeating: "k", count: 129)])
    func `refuses a key id that is no name`(_ id: String) {
        #expect(throws: SealError.refusedKey(source: "current_key_id", .invalidName)) {
            try StaticSeal(
                StaticSealConfiguration(currentKeyID: id, currentKey: Self.raw.hex), sources: Self.sources([:], [:]))
        }
    }

    @Test func `refuses half a previous key, and the current key's id for it`() {
        for (id, key) in [("k0", nil), (nil, Self.raw.hex), ("k1", Self.raw.hex)] as [(String?, String?)] {
            #expect(throws: SealError.self) {
                try StaticSeal(
                    StaticSealConfiguration(currentKeyID: "k1", currentKey: Self.raw.hex, previousKeyID: id, previousKey: key),
                    sources: Self.sources([:], [:]))
            }
        }
    }

    @Test func `names the source of a wrong key`() async throws {
        let bench = Bench(seal: try Self.load(Self.raw.hex))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        let wrong = try Self.load("env://KEY", variables: ["KEY": StaticSeal.key("other")])
        await #expect(throws: SealError.wrongKey(source: "env://KEY")) {
            _ = try await bench.restarted(seal: wrong).controller.unsealAutomatically()
        }
    }

    @Test func `is rotated by naming the old key as previous`() async throws {
        let bench = Bench(seal: try .test("k1"))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        try await bench.put("a", "1")
        await #expect(throws: SealError.unknownKeyID("k1")) {
            _ = try await bench.restarted(seal: try .test("k2")).controller.unsealAutomatically()
        }
        let second = bench.restarted(seal: try .test("k2", previous: "k1"))
        #expect(try await second.controller.unsealAutomatically() == .unsealed)
        // From here on the old key is not needed, and opens nothing.
        let third = bench.restarted(seal: try .test("k2"))
        #expect(try await third.controller.unsealAutomatically() == .unsealed)
        #expect(try await third.read("a") == "1")
        await #expect(throws: SealError.unknownKeyID("k2")) {
            _ = try await bench.restarted(seal: try .test("k1")).controller.unsealAutomatically()
        }
    }

    @Test func `stays sealed when its rotation cannot be written, and does it at the next start`() async throws {
        let bench = Bench(seal: try .test("k1"))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        bench.store.fail(at: 1)
        let second = bench.restarted(seal: try .test("k2", previous: "k1"))
        await #expect(throws: SealError.self) { _ = try await second.controller.unsealAutomatically() }
        #expect(second.barrier.isSealed)
        bench.store.fail(at: nil)
        #expect(try await second.controller.unsealAutomatically() == .unsealed)
    }

    @Test func `opens again by recovery shares once it was sealed by hand, and by no others`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 3, threshold: 2))
        try await bench.put("a", "1")
        await bench.controller.seal()
        #expect(try await bench.controller.status().hasRecoverySeal)
        let second = made.recoveryShares[1].hex
        let wrong = [made.recoveryShares[0].hex, (second.utf8.first == 0x30 ? "1" : "0") + second.dropFirst()]
        await #expect(throws: SealError.wrongShares) { try await bench.unseal(wrong) }
        #expect(bench.barrier.isSealed)
        #expect(try await bench.controller.status().progress == 0, "wrong shares are all dropped")
        #expect(try await bench.controller.unseal(share: made.recoveryShares[0].hex).progress == 1)
        #expect(bench.barrier.isSealed, "one share of two opens nothing")
        #expect(try await !bench.controller.unseal(share: made.recoveryShares[2].hex).isSealed)
        #expect(try await bench.read("a") == "1")
    }

    @Test func `recovery shares open nothing without the seal's key`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 1, threshold: 1))
        let second = bench.restarted(seal: try .test("k2"))
        await #expect(throws: SealError.self) { try await second.unseal(made.recoveryShares.map(\.hex)) }
        #expect(second.barrier.isSealed)
    }

    @Test func `says what it is before it is initialised`() async throws {
        let status = try await Bench(seal: try .test("k1")).controller.status()
        #expect(!status.isInitialized && status.hasRecoverySeal)
        #expect(try await !Bench().controller.status().hasRecoverySeal)
    }

    @Test func `has no rekeying of unseal shares under way`() async throws {
        let bench = Bench(seal: try .test("k1"))
        _ = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 3, threshold: 2))
        let status = try await bench.controller.rekeyStatus(.unsealKey)
        #expect(!status.isStarted && status.required == 2)
        await #expect(throws: SealError.self) {
            _ = try await bench.controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1))
        }
    }

    @Test func `opens at start without a share`() async throws {
        let bench = Bench(seal: try .test("k1"))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        let second = bench.restarted(seal: try .test("k1"))
        #expect(try await second.controller.unsealAutomatically() == .unsealed)
        #expect(try await second.controller.unsealAutomatically() == .unsealed)
    }
}
