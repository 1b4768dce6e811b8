import Foundation
import SecretMemory
import Testing

import Audit

/// An auditor holds keys and a copy. What they cannot decide must be called neither intact nor changed.
@Suite struct VerdictTests {
    /// A trail whose keys were given out, and what stood in the file before, directly after, and later.
    private struct Case {
        let keys: AuditVerifier.Keys
        let checkpoint: AuditCheckpoint
        let before: [UInt8]
        let after: [UInt8]
        let later: [UInt8]
        let muchLater: [UInt8]

        init() throws {
            let trail = try Trail()
            try trail.enable()
            for number in 0..<6 { try trail.broker.record(.request(id: "r\(number)")) }
            before = trail.contents
            let disclosure = try trail.broker.disclose("file/", segments: AuditVerifier.segments(path: trail.path))
            after = trail.contents
            for number in 6..<9 { try trail.broker.record(.request(id: "r\(number)")) }
            later = trail.contents
            _ = try trail.broker.disclose("file/", segments: [])
            try trail.broker.record(.request(id: "last"))
            muchLater = trail.contents
            keys = .segments(disclosure.segmentKeys, live: disclosure.liveSegment)
            checkpoint = disclosure.checkpoint
        }

        func verify(_ bytes: [UInt8], tail: AuditVerifier.Tail = .copy) -> AuditVerdict {
            AuditVerifier.verify(bytes, keys: keys, checkpoint: checkpoint, tail: tail)
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
    }

    @Test func `a copy made after the keys is intact up to the open segment`() throws {
        let sample = try Case()
        #expect(sample.verify(sample.after).outcome == .intact)
        let later = sample.verify(sample.later)
        #expect(later.outcome == .intact)
        #expect(later.unverifiedLines == 4)
    }

    @Test func `a file with a segment more than the keys is not accused`() throws {
        let sample = try Case()
        let verdict = sample.verify(sample.muchLater)
        #expect(verdict.outcome == .unprovable)
        #expect(verdict.doubt?.reason == .noKey)
        #expect(verdict.lastSequence == sample.checkpoint.sequence)
        // The server's own file goes on while it is read.
        #expect(sample.verify(sample.muchLater, tail: .complete).outcome == .intact)
    }

    @Test func `an older copy and a shortened one are both in doubt, and the server's own file is cut off`() throws {
        let sample = try Case()
        // Nothing was written between the copy and the keys, so the checkpoint is its last line.
        #expect(sample.verify(sample.before).outcome == .intact)
        let cut = Array(Self.lines(sample.before).dropLast(3).joined())
        #expect(sample.verify(cut).doubt?.reason == .olderThanKeys)
        #expect(sample.verify(cut, tail: .complete).finding?.reason == .cutOff)
    }

    @Test func `a copy that ends inside a line is in doubt`() throws {
        let sample = try Case()
        #expect(sample.verify(Array(sample.later.dropLast(5))).doubt?.reason == .torn)
        // A line that is just being written is no fault of the server's own file.
        #expect(sample.verify(Array(sample.later.dropLast(5)), tail: .complete).outcome == .intact)
        #expect(sample.verify(Array(sample.before.dropLast(5)), tail: .complete).finding?.reason == .torn)
    }

    @Test func `a file without an end and without a checkpoint is in doubt`() throws {
        let sample = try Case()
        let alone = AuditVerifier.verify(sample.before, keys: sample.keys, tail: .copy)
        #expect(alone.doubt?.reason == .openEnd)
    }

    @Test func `a changed line outweighs a doubt wherever it stands`() throws {
        let sample = try Case()
        var lines = Self.lines(sample.muchLater)
        for index in 0..<Int(sample.checkpoint.sequence) {
            let kept = lines[index]
            lines[index][kept.count / 2] ^= 1
            let verdict = sample.verify(Array(lines.joined()))
            #expect(verdict.outcome == .changed, "line \(index + 1)")
            #expect(verdict.finding?.line == index + 1)
            lines[index] = kept
        }
        // Lines without a key must still be linked.
        lines.remove(at: lines.count - 2)
        #expect(sample.verify(Array(lines.joined())).outcome == .changed)
    }

    @Test func `a line moved to a segment without a key is found by the line after it`() throws {
        let sample = try Case()
        var lines = Self.lines(sample.after)
        let old = Array("\"seg\":\"".utf8)
        let place = try #require(lines[2].firstRange(of: old)).upperBound
        lines[2][place] = lines[2][place] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        #expect(sample.verify(Array(lines.joined())).outcome == .changed)
    }
}
