import Foundation
import SecretMemory
import Syntax
import Testing
import TestSupport

import Audit

/// The chain as somebody else would read it, from its description alone.
@Suite struct SecondVerifierTests {
    private func run(_ path: String, input: String, checkpoint: AuditCheckpoint? = nil) throws -> (code: Int32, text: String) {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../scripts/audit-verify.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", script.path, path] + (checkpoint.map { ["--checkpoint", "\($0.sequence):\($0.mac)"] } ?? [])
        let (stdin, stdout) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (stdin, stdout)
        try process.run()
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    private var deviceKey: String { Trail.deviceKey().withBytes { $0.map { String(format: "%02x", $0) }.joined() } }

    @Test func `agrees with the first, on intact files and on edited ones`() throws {
        let trail = try Trail()
        try trail.enable()
        for number in 0..<10 {
            try trail.broker.record(.request(["n": .int(number)]))
            if number == 4 { trail.broker.reopenAll() }
        }
        let checkpoint = try #require(trail.checkpoint)
        #expect(try run(trail.path, input: deviceKey, checkpoint: checkpoint).code == 0)
        let original = trail.contents
        var random = SplitMix64(seed: 3)
        let copy = trail.directory + "/copy.log"
        for number in 0..<24 {
            var bytes = original
            switch number % 3 {
            case 0: bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            case 1: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            default:
                var lines = bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
                lines.swapAt(Int.random(in: 0..<5, using: &random), Int.random(in: 5..<lines.count, using: &random))
                bytes = Array(lines.joined())
            }
            _ = FileManager.default.createFile(atPath: copy, contents: Data(bytes))
            let result = try run(copy, input: deviceKey, checkpoint: checkpoint)
            let finding = try #require(trail.verify(copy, checkpoint: checkpoint).finding)
            #expect(result.code == 2)
            #expect(result.text.hasPrefix("line \(finding.line):"))
        }
    }

    @Test func `takes what the server discloses`() throws {
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request())
        let disclosure = try trail.broker.disclose("file/", segments: AuditVerifier.segments(path: trail.path))
        let answer = String(decoding: disclosure.json.encoded(), as: UTF8.self)
        #expect(try run(trail.path, input: answer).code == 0)
        let lines = trail.contents.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
        _ = FileManager.default.createFile(atPath: trail.path + ".cut", contents: Data(lines.prefix(1).joined()))
        #expect(try run(trail.path + ".cut", input: answer).code == 3)
    }
}
