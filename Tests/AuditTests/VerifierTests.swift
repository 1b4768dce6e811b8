import Hashes
import Foundation
import SecretMemory
import Syntax
import Testing
import TestSupport

@testable import Audit  // Lines are forged with the room's own key schedule.

/// A chain of several segments that the tests then spoil.
private struct Sample {
    let bytes: [UInt8]
    let lines: [[UInt8]]
    let checkpoint: AuditCheckpoint
    let keys = AuditVerifier.Keys.device(Trail.deviceKey())

    init() throws {
        let trail = try Trail()
        try trail.enable()
        for number in 0..<10 {
            try trail.broker.record(.request(["n": .int(number)], id: "r\(number)"))
            if number == 3 { trail.broker.reopenAll() }
            if number == 6 { _ = try trail.broker.disclose("file/", segments: []) }
        }
        checkpoint = try #require(trail.checkpoint)
        bytes = trail.contents
        lines = Self.lines(bytes)
    }

    static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).map { Array($0) + [UInt8(ascii: "\n")] }
    }

    func verify(_ bytes: [UInt8]) -> AuditVerdict { AuditVerifier.verify(bytes, keys: keys, checkpoint: checkpoint) }

    /// One change, with the line that must be named (nil when several may be).
    func edit(_ kind: Int, using random: inout SplitMix64) -> (bytes: [UInt8], line: Int?)? {
        var lines = lines
        let index = Int.random(in: 0..<lines.count, using: &random)
        switch kind {
        case 0, 1, 2, 3, 4:  // Most edits: one byte of one line, newline included.
            let place = Int.random(in: 0..<lines[index].count, using: &random)
            lines[index][place] ^= UInt8.random(in: 1...255, using: &random)
            return (Array(lines.joined()), index + 1)
        case 5:
            let other = Int.random(in: 0..<lines.count, using: &random)
            guard other != index else { return nil }
            lines.swapAt(index, other)
            return (Array(lines.joined()), min(index, other) + 1)
        case 6:
            lines.remove(at: index)
            return (Array(lines.joined()), min(index + 1, lines.count))
        case 7:
            let other = Int.random(in: 0...lines.count, using: &random)
            lines.insert(lines[index], at: other)
            return (Array(lines.joined()), nil)
        case 8:
            var forged = lines[index]
            forged[Int.random(in: 8..<forged.count - 1, using: &random)] ^= 1
            let other = Int.random(in: 0...lines.count, using: &random)
            lines.insert(forged, at: other)
            return (Array(lines.joined()), other + 1)
        case 9: return (Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random))), nil)
        case 10:
            let (from, to) = (index, Int.random(in: index..<lines.count, using: &random))
            lines.removeSubrange(from...to)
            return (Array(lines.joined()), nil)
        default: return (Array(bytes.dropFirst(Int.random(in: 1..<bytes.count, using: &random))), 1)
        }
    }
}

@Suite struct VerifierTests {
    @Test func `accepts an untouched file and says what it saw`() throws {
        let sample = try Sample()
        let verdict = sample.verify(sample.bytes)
        #expect(verdict.isIntact)
        #expect(verdict.lines == sample.lines.count)
        #expect(verdict.segments == 3)
        #expect(verdict.isCheckpointed)
        #expect(!verdict.isEnded)
        #expect(verdict.firstSequence == 1)
        #expect(verdict.lastSequence == UInt64(sample.lines.count))
    }

    @Test func `finds every one of 10,000 edits and names the line`() throws {
        let sample = try Sample()
        var random = SplitMix64(seed: 14)
        var (edits, missed, misnamed) = (0, 0, 0)
        while edits < 10_000 {
            guard let (bytes, line) = sample.edit(edits % 12, using: &random), bytes != sample.bytes else {
                edits += 1
                continue
            }
            let verdict = sample.verify(bytes)
            if verdict.isIntact { missed += 1 }
            if let line, verdict.finding?.line != line { misnamed += 1 }
            edits += 1
        }
        #expect(missed == 0)
        #expect(misnamed == 0)
    }

    @Test func `says that lines are missing where some were taken out`() throws {
        let sample = try Sample()
        for index in 1..<sample.lines.count - 1 {
            var lines = sample.lines
            lines.remove(at: index)
            let finding = sample.verify(Array(lines.joined())).finding
            #expect(finding?.reason == .missing && finding?.line == index + 1)
        }
    }

    @Test func `finds a cut after every line`() throws {
        let sample = try Sample()
        for count in 0..<sample.lines.count {
            let verdict = sample.verify(Array(sample.lines.prefix(count).joined()))
            #expect(verdict.finding?.reason == (count == 0 ? .empty : .cutOff))
            #expect(verdict.finding?.line == count)
        }
    }

    @Test func `finds lines taken from the front up to a segment`() throws {
        let sample = try Sample()
        for count in 1..<sample.lines.count {
            #expect(sample.verify(Array(sample.lines.dropFirst(count).joined())).finding?.line == 1)
        }
    }

    @Test func `finds the same in pieces of any size`() throws {
        let sample = try Sample()
        for size in [1, 7, 100, 1_000, 100_000] {
            var verifier = AuditVerifier(keys: sample.keys, checkpoint: sample.checkpoint)
            for start in stride(from: 0, to: sample.bytes.count, by: size) {
                let piece = Array(sample.bytes[start..<min(start + size, sample.bytes.count)])
                #expect(piece.withUnsafeBytes { verifier.feed($0) })
            }
            #expect(verifier.finish() == sample.verify(sample.bytes))
        }
    }

    @Test func `refuses a chain under another key`() throws {
        let sample = try Sample()
        let verdict = AuditVerifier.verify(sample.bytes, keys: .device(Trail.deviceKey("other")))
        #expect(verdict.finding == .init(line: 1, reason: .changed))
        let keyless = AuditVerifier.verify(sample.bytes, keys: .segments([:], live: nil))
        #expect(keyless.outcome == .unprovable)
        #expect(keyless.doubt?.reason == .noKey)
    }

    @Test func `finds a consistent forgery by the checkpoint`() throws {
        let (first, second) = (try Trail(seed: 1), try Trail(seed: 1))
        for (trail, value) in [(first, "a"), (second, "b")] {
            try trail.enable()
            try trail.broker.record(.request(["v": .string(value)]))
        }
        #expect(try second.verify().isIntact)
        #expect(try second.verify(checkpoint: first.checkpoint).finding?.reason == .replaced)
    }

    @Test func `survives 20,000 random mutations`() throws {
        let sample = try Sample()
        var random = SplitMix64(seed: 99)
        for _ in 0..<20_000 {
            var bytes = Array(sample.lines.prefix(Int.random(in: 0..<4, using: &random)).joined())
            for _ in 0..<Int.random(in: 1..<8, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                let span = min(Int.random(in: 0..<40, using: &random), bytes.count - place)
                let noise = (0..<Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                bytes.replaceSubrange(place..<place + span, with: noise)
            }
            _ = AuditVerifier.verify(bytes, keys: sample.keys, checkpoint: sample.checkpoint)
        }
    }
}

@Suite struct DisclosureTests {
    @Test func `gives keys that verify the past and not the live segment`() throws {
        let trail = try Trail()
        try trail.enable()
        for _ in 0..<3 { try trail.broker.record(.request()) }
        let segments = try AuditVerifier.segments(path: trail.path)
        #expect(segments.count == 1)
        let disclosure = try trail.broker.disclose("file/", segments: segments)
        try trail.broker.record(.request())
        #expect(disclosure.segmentKeys[disclosure.liveSegment] == nil)
        let copy = try #require(AuditChainDisclosure(json: JSON(parsing: disclosure.json.encoded())))
        let keys = AuditVerifier.Keys.segments(copy.segmentKeys, live: copy.liveSegment)
        let verdict = try AuditVerifier.verify(paths: [trail.path], keys: keys, checkpoint: copy.checkpoint)
        #expect(verdict.isIntact)
        #expect(verdict.lastSequence == 4)
        #expect(verdict.unverifiedLines == 2)
    }

    @Test func `never gives the key of the segment that it begins`() throws {
        let trail = try Trail()
        try trail.enable()
        let live = try trail.broker.disclose("file/", segments: []).liveSegment
        let second = try trail.broker.disclose("file/", segments: [live])
        #expect(second.liveSegment != live)
        #expect(Array(second.segmentKeys.keys) == [live])
        #expect(try trail.verify().isIntact)
    }

    @Test func `a holder of the keys who rewrites the past is found by the next verification`() throws {
        let trail = try Trail()
        try trail.enable()
        for number in 0..<5 { try trail.broker.record(.request(id: "r\(number)")) }
        let disclosure = try trail.broker.disclose("file/", segments: AuditVerifier.segments(path: trail.path))
        try trail.broker.record(.request(id: "later"))
        // Every line of the disclosed segment again, one of them different, all sealed with the real key.
        var (forged, previous): ([UInt8], [UInt8]) = ([], ChainLine.zeroMAC)
        for (index, bytes) in trail.contents.split(separator: UInt8(ascii: "\n")).enumerated() {
            try Array(bytes).withUnsafeBytes { bytes in
                let line = try #require(ChainLine(bytes))
                guard let key = disclosure.segmentKeys[line.segment] else {
                    forged += Array(bytes) + [UInt8(ascii: "\n")]
                    return
                }
                let content = String(decoding: line.content, as: UTF8.self).replacing("r3", with: "rX")
                Array(content.utf8).withUnsafeBytes {
                    ChainLine.append(
                        $0, sequence: UInt64(index + 1), segment: line.segment, mac: &previous, key: key.keyedHash,
                        to: &forged)
                }
            }
        }
        #expect(forged != trail.contents)
        let verdict = AuditVerifier.verify(forged, keys: .device(Trail.deviceKey()))
        #expect(verdict.finding == .init(line: 7, reason: .unlinked))
        let keys = AuditVerifier.Keys.segments(disclosure.segmentKeys, live: disclosure.liveSegment)
        #expect(!AuditVerifier.verify(forged, keys: keys, checkpoint: disclosure.checkpoint).isIntact)
    }

    @Test func `refuses ids that are none, and too many`() throws {
        let trail = try Trail()
        try trail.enable()
        #expect(throws: AuditError.self) { try trail.broker.disclose("file/", segments: ["../x"]) }
        let many = Array(repeating: "0123456789abcdef", count: AuditVerifier.segmentsMax + 1)
        #expect(throws: AuditError.self) { try trail.broker.disclose("file/", segments: many) }
        #expect(throws: AuditError.unknownDevice) { try trail.broker.disclose("other/", segments: []) }
    }
}
