// The arithmetic is internal to the barrier.
@testable import Barrier
import EngineKit
import Foundation
import SecretMemory
import TestSupport
import Testing

@Suite struct ShamirTests {
    @Test func `multiplies as polynomials modulo 0x11B`() {
        for left in UInt8.min...UInt8.max {
            for right in UInt8.min...UInt8.max where GF256.multiply(left, right) != Self.longMultiply(left, right) {
                Issue.record("\(left) times \(right)")
            }
        }
        // FIPS 197, section 4.2.
        #expect(GF256.multiply(0x57, 0x83) == 0xC1)
        #expect(GF256.multiply(0x57, 0x13) == 0xFE)
    }

    @Test func `inverts everything but 0`() {
        for value in UInt8(1)...255 { #expect(GF256.multiply(value, GF256.inverse(value)) == 1) }
        #expect(GF256.inverse(0) == 0)
    }

    /// What is multiplied is secret: a table tells the cache, a branch tells the clock.
    @Test func `has no table and no branch in its arithmetic`() throws {
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Barrier/Shamir/GF256.swift")
        let code = try String(contentsOf: source, encoding: .utf8).split(separator: "\n")
            .filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("///") }.joined(separator: "\n")
        for construct in ["[", "if ", "guard ", "switch ", "? ", "&&", "||", "while "] {
            #expect(!code.contains(construct), "\(construct)")
        }
    }

    @Test func `combines shares that another implementation made`() throws {
        let shares = [
            "0b6c2e7b6645e80ef507aac3b5cce1b1740b6dbefcb50015d8d0637448a06df801",
            "e51bc41258b17ee9e3437373dc59bc1bf76046243cfd91c09d81502cca52ab2102",
            "86db09506580bc71782e1830d51289f0e68342aa85987212bbc514cedb15e85953",
            "183d51a42f687dbbef032414f5b3c7e0d56ce0e20b51085ca55846960f1740beca",
            "7027813792f924b427a568a599612312c67bdc8bf3cf536da40ea4184430c916ff",
        ].map { SecretBytes([UInt8](hex: $0)) }
        for (first, second, third) in [(0, 1, 2), (4, 2, 0), (1, 3, 4), (3, 2, 1)] {
            let secret = try #require(Shamir.combine([shares[first], shares[second], shares[third]]))
            #expect(secret.hex == "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0")
        }
        let two = try #require(Shamir.combine([shares[0], shares[1]]))
        #expect(two.hex != "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0")
    }

    @Test(arguments: 2...7) func `gives the secret back for every threshold`(_ shareCount: Int) throws {
        let randomness = SeededRandomness(seed: UInt64(shareCount))
        for threshold in 2...shareCount {
            let secret = SecretBytes(randomness.bytes(32))
            let count = try ShareCount(shares: shareCount, threshold: threshold)
            let shares = count.split(secret, randomness: randomness)
            #expect(shares.count == shareCount)
            #expect(shares.allSatisfy { $0.count == 33 })
            #expect(Set(shares.map(Shamir.point)).count == shareCount)
            for chosen in Self.subsets(of: shares, count: threshold) {
                #expect(count.combine(chosen)?.bytes == secret.bytes)
            }
            for chosen in Self.subsets(of: shares, count: threshold - 1) {
                #expect(Shamir.combine(chosen)?.bytes != secret.bytes)
                #expect(count.combine(chosen) == nil)
            }
        }
    }

    @Test(arguments: [(255, 2), (255, 255), (100, 37), (17, 16)])
    func `gives the secret back for many shares`(_ shareCount: Int, _ threshold: Int) throws {
        let randomness = SeededRandomness(seed: UInt64(shareCount + threshold))
        let secret = SecretBytes(randomness.bytes(32))
        let count = try ShareCount(shares: shareCount, threshold: threshold)
        let shares = count.split(secret, randomness: randomness)
        #expect(count.combine(Array(shares.suffix(threshold)))?.bytes == secret.bytes)
    }

    @Test func `refuses shares that cannot belong together`() throws {
        let randomness = SeededRandomness(seed: 1)
        let count = try ShareCount(shares: 3, threshold: 2)
        let shares = count.split(SecretBytes(randomness.bytes(32)), randomness: randomness)
        let short = SecretBytes(shares[1].bytes.dropLast())
        let atZero = SecretBytes(shares[1].bytes.dropLast() + [0])
        #expect(Shamir.combine([shares[0], shares[0]]) == nil)
        #expect(Shamir.combine([shares[0], short]) == nil)
        #expect(Shamir.combine([shares[0], atZero]) == nil)
        #expect(Shamir.combine([]) == nil)
        #expect(Shamir.combine([SecretBytes([1]), SecretBytes([2])]) == nil)
    }

    @Test func `does not split a key into one share`() throws {
        let count = try ShareCount(shares: 1, threshold: 1)
        let secret = SecretBytes(SeededRandomness(seed: 1).bytes(32))
        let shares = count.split(secret, randomness: SeededRandomness(seed: 1))
        #expect(shares.map(\.bytes) == [secret.bytes])
        #expect(count.combine(shares)?.bytes == secret.bytes)
    }

    @Test(arguments: [(0, 0), (0, 1), (-1, -1), (1, 0), (1, 2), (2, 1), (5, 1), (3, 4), (256, 3), (256, 256), (Int.max, 2)])
    func `refuses absurd counts`(_ shares: Int, _ threshold: Int) {
        #expect(throws: SealError.self) { try ShareCount(shares: shares, threshold: threshold) }
    }

    private static func longMultiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product = 0
        for bit in 0..<8 where right >> bit & 1 == 1 { product ^= Int(left) << bit }
        for bit in stride(from: 15, through: 8, by: -1) where product >> bit & 1 == 1 { product ^= 0x11B << (bit - 8) }
        return UInt8(product)
    }

    private static func subsets(of shares: [SecretBytes], count: Int) -> [[SecretBytes]] {
        (0..<1 << shares.count).filter { $0.nonzeroBitCount == count }.map { mask in
            shares.indices.filter { mask >> $0 & 1 == 1 }.map { shares[$0] }
        }
    }
}
