import Barrier
import EngineKit
import Foundation
import TestSupport
import Testing

@Suite struct SeedKeyTests {
    static let key = SeededRandomness(seed: 7).bytes(32).hex
    static let iv = SeededRandomness(seed: 8).bytes(16).hex

    private func seal(_ variables: [String: String], files: [String: [UInt8]] = [:]) throws -> StaticSeal? {
        try SeedKey.fromEnvironment(lookup: { variables[$0] }, readFile: { try files.read($0) })
    }

    private func outcome(sealedWith first: [String: String], openedWith second: [String: String]) async throws -> UnsealOutcome {
        let bench = Bench(seal: try #require(try seal(first)))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        return try await bench.restarted(seal: try #require(try seal(second))).controller.unsealAutomatically()
    }

    @Test func `is not there when nothing is set`() throws {
        #expect(try seal([:]) == nil)
        #expect(try seal(["VAULT_ENCRYPTION_KEY": "", "MSA_MASTER_KEY": "", "VAULT_ENCRYPTION_IV": Self.iv]) == nil)
    }

    @Test func `opens with the same seed, however it is spelled`() async throws {
        let first = ["VAULT_ENCRYPTION_KEY": Self.key, "VAULT_ENCRYPTION_IV": Self.iv]
        let second = [
            "VAULT_ENCRYPTION_KEY": "base64:" + Data([UInt8](hex: Self.key)).base64EncodedString(),
            "VAULT_ENCRYPTION_IV": Data([UInt8](hex: Self.iv)).base64EncodedString(),
        ]
        #expect(try await outcome(sealedWith: first, openedWith: second) == .unsealed)
        #expect(try await outcome(sealedWith: ["MSA_MASTER_KEY": Self.key], openedWith: ["MSA_MASTER_KEY": Self.key]) == .unsealed)
    }

    @Test func `does not open with another IV, without it, or as the other variable`() async throws {
        let first = ["VAULT_ENCRYPTION_KEY": Self.key, "VAULT_ENCRYPTION_IV": Self.iv]
        let wrong = SealError.wrongKey(source: "env://VAULT_ENCRYPTION_KEY")
        await #expect(throws: wrong) {
            _ = try await outcome(
                sealedWith: first,
                openedWith: ["VAULT_ENCRYPTION_KEY": Self.key, "VAULT_ENCRYPTION_IV": SeededRandomness(seed: 9).bytes(16).hex])
        }
        await #expect(throws: wrong) {
            _ = try await outcome(sealedWith: first, openedWith: ["VAULT_ENCRYPTION_KEY": Self.key])
        }
        await #expect(throws: SealError.unknownKeyID("seed:VAULT_ENCRYPTION_KEY")) {
            _ = try await outcome(sealedWith: first, openedWith: ["MSA_MASTER_KEY": Self.key])
        }
    }

    /// The seed is used through HKDF only: a static seal of the same bytes is another key.
    @Test func `is not the key itself`() async throws {
        let bench = Bench(seal: try #require(try seal(["MSA_MASTER_KEY": Self.key])))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        let direct = try StaticSeal(
            StaticSealConfiguration(currentKeyID: "seed:MSA_MASTER_KEY", currentKey: Self.key),
            sources: KeySources(lookup: { _ in nil }, readFile: { _ in [] }))
        await #expect(throws: SealError.self) { _ = try await bench.restarted(seal: direct).controller.unsealAutomatically() }
    }

    @Test func `opens what MSA_MASTER_KEY sealed after VAULT_ENCRYPTION_KEY came too`() async throws {
        let both = ["VAULT_ENCRYPTION_KEY": StaticSeal.key("x"), "VAULT_ENCRYPTION_IV": Self.iv, "MSA_MASTER_KEY": Self.key]
        #expect(try await outcome(sealedWith: ["MSA_MASTER_KEY": Self.key], openedWith: both) == .unsealed)
    }

    @Test func `reads the _FILE forms`() throws {
        let files = ["/run/key": Array((Self.key + "\n").utf8), "/run/iv": Array(Self.iv.utf8)]
        #expect(try seal(["VAULT_ENCRYPTION_KEY_FILE": "/run/key", "VAULT_ENCRYPTION_IV_FILE": "/run/iv"], files: files) != nil)
        #expect(try seal(["MSA_MASTER_KEY_FILE": "/run/key"], files: files) != nil)
        #expect(throws: SealError.refusedKey(source: "env://MSA_MASTER_KEY", .unreadable)) {
            try seal(["MSA_MASTER_KEY_FILE": "/none"])
        }
    }

    static let refusals: [([String: String], String, KeyRefusal)] = [
        (["VAULT_ENCRYPTION_KEY": "short"], "VAULT_ENCRYPTION_KEY", .short),
        (["VAULT_ENCRYPTION_KEY": String(repeating: "0", count: 64)], "VAULT_ENCRYPTION_KEY", .weak),
        (["MSA_MASTER_KEY": String(repeating: "ab", count: 32)], "MSA_MASTER_KEY", .weak),
        (["MSA_MASTER_KEY": key, "MSA_MASTER_KEY_FILE": "/run/key"], "MSA_MASTER_KEY", .ambiguous),
        (["VAULT_ENCRYPTION_KEY": key, "VAULT_ENCRYPTION_IV": "short"], "VAULT_ENCRYPTION_IV", .malformedSalt),
        (["VAULT_ENCRYPTION_KEY": key, "VAULT_ENCRYPTION_IV": "base64:?"], "VAULT_ENCRYPTION_IV", .malformedSalt),
        (
            ["VAULT_ENCRYPTION_KEY": key, "VAULT_ENCRYPTION_IV": String(repeating: "ab", count: 65)], "VAULT_ENCRYPTION_IV",
            .malformedSalt
        ),
    ]

    @Test(arguments: refusals)
    func `refuses weak seeds by the name of the variable`(_ variables: [String: String], _ name: String, _ reason: KeyRefusal) {
        #expect(throws: SealError.refusedKey(source: "env://" + name, reason)) { try seal(variables) }
    }
}
