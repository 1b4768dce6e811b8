import Foundation
import Glibc
import Syntax
import Testing

@testable import Audit  // Start decisions have no other outside than lines.

@Suite struct FileTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        stat(path, &status)
        return status.st_mode & 0o7777
    }

    @Test(arguments: [("0600", 0o600), ("0640", 0o640)] as [(String, mode_t)])
    func `makes the file with the asked mode, whatever the umask`(text: String, wanted: mode_t) throws {
        let trail = try Trail()
        try trail.enable(["mode": text])
        #expect(mode(trail.path) == wanted)
    }

    @Test func `narrows the mode of a file that is there`() throws {
        let trail = try Trail()
        trail.write([])
        chmod(trail.path, 0o666)
        try trail.enable()
        #expect(mode(trail.path) == 0o600)
    }

    @Test(arguments: [
        "/etc/audit.log", "relative.log", "", "DIR/../x.log", "DIR/./x.log", "DIR//x.log", "DIR/", "DIR", "DIRx/audit.log",
        "DIR/missing/x.log", "DIR/a\0b", "/dev/full",
    ])
    func `refuses a place outside the allowed directories`(path: String) throws {
        let trail = try Trail()
        let place = path.replacingOccurrences(of: "DIR", with: trail.directory)
        #expect(throws: AuditError.self) { try trail.broker.enable(Trail.configuration(place)) }
        #expect(trail.broker.list().isEmpty)
        #expect(throws: Never.self) { try trail.broker.record(.request()) }
    }

    @Test func `follows no link, to a file or on the way`() throws {
        let trail = try Trail()
        let outside = try Trail()
        outside.write([])
        symlink(outside.path, trail.path)
        #expect(throws: AuditError.self) { try trail.enable() }
        symlink(outside.directory, trail.directory + "/folder")
        #expect(throws: AuditError.self) { try trail.broker.enable(Trail.configuration(trail.directory + "/folder/x.log")) }
        #expect(!FileManager.default.fileExists(atPath: outside.directory + "/x.log"))
        link(outside.path, trail.directory + "/hard.log")
        #expect(throws: AuditError.self) { try trail.broker.enable(Trail.configuration(trail.directory + "/hard.log")) }
        mkfifo(trail.directory + "/pipe", 0o600)
        #expect(throws: AuditError.self) { try trail.broker.enable(Trail.configuration(trail.directory + "/pipe")) }
    }

    @Test func `one file has one writer`() throws {
        let trail = try Trail()
        try trail.enable()
        #expect(throws: AuditError.self) {
            try trail.broker.enable(Trail.configuration(trail.path, name: "again/"))
        }
        #expect(throws: AuditError.pathInUse) { try trail.enable() }
        try trail.broker.disable("file/")
        #expect(throws: Never.self) { try trail.enable() }
    }

    @Test func `goes on in the new file after a rotation, and both verify`() throws {
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request(id: "before"))
        let rotated = trail.path + ".1"
        rename(trail.path, rotated)
        try trail.broker.record(.request(id: "between"))
        trail.broker.reopenAll()
        try trail.broker.record(.request(id: "after"))
        let old = try trail.verify(rotated)
        #expect(old.isIntact && old.isEnded)
        let new = try trail.verify(checkpoint: trail.checkpoint)
        #expect(new.isIntact)
        #expect(new.firstSequence == old.lastSequence.map { $0 + 1 })
        #expect(try trail.recorded().count == 1)
        let both = AuditVerifier.verify(trail.bytes(at: rotated) + trail.contents, keys: .device(Trail.deviceKey()))
        #expect(both.isIntact)
    }

    @Test func `keeps the old file when the new one cannot be opened`() throws {
        let trail = try Trail()
        try trail.enable()
        let rotated = trail.path + ".1"
        rename(trail.path, rotated)
        mkdir(trail.path, 0o700)
        trail.broker.reopenAll()
        try trail.broker.record(.request(id: "x"))
        #expect(try trail.verify(rotated, checkpoint: trail.checkpoint).isIntact)
    }

    @Test func `goes on after a restart`() throws {
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request())
        let end = trail.broker.close()
        let next = try Trail(seed: 2, directory: trail.directory)
        try next.enable(known: end["audit_file_file"])
        try next.broker.record(.request())
        let verdict = try next.verify(checkpoint: next.checkpoint)
        #expect(verdict.isIntact)
        #expect(verdict.segments == 2)
        #expect(throws: AuditError.closed) { try trail.broker.record(.request()) }
    }

    @Test(arguments: 1...200)
    func `cuts a torn last line away and says so`(bytes: Int) throws {
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request())
        let whole = trail.contents
        try trail.broker.record(.request(id: "torn"))
        let torn = Array(trail.contents[..<(whole.count + bytes)])
        trail.broker.close()
        trail.write(torn)
        let next = try Trail(seed: 2, directory: trail.directory)
        try next.enable()
        try next.broker.record(.request())
        let verdict = try next.verify()
        #expect(verdict.isIntact)
        #expect(verdict.repairs == 1)
        let repair = try #require(next.lines().first { $0["type"] == "repair" })
        #expect(repair["removed_bytes"] == .int(bytes))
        #expect(Array(next.contents.prefix(whole.count)) == whole)
    }

    private enum Damage: String, CaseIterable {
        case changedLastLine, removedLastLine, replacedMiddle, foreignFile, foreignWithoutNewline
    }

    @Test(arguments: Damage.allCases)
    private func `records what was done to the file while the server was down`(damage: Damage) throws {
        let trail = try Trail()
        try trail.enable()
        for _ in 0..<4 { try trail.broker.record(.request()) }
        let known = try #require(trail.checkpoint)
        if damage == .replacedMiddle { try trail.broker.record(.request()) }
        trail.broker.close()
        var bytes = trail.contents
        switch damage {
        case .changedLastLine: bytes[bytes.count - 300] ^= 1
        case .removedLastLine:
            for _ in 0..<2 { bytes.removeSubrange((bytes.dropLast().lastIndex(of: 10)! + 1)...) }  // There are more lines.
        case .replacedMiddle:
            let end = Int(known.fileBytes)
            bytes[end - 10] = bytes[end - 10] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        case .foreignFile: bytes = Array("not ours\n".utf8)
        case .foreignWithoutNewline: bytes = Array("not ours".utf8)
        }
        trail.write(bytes)
        let next = try Trail(seed: 2, directory: trail.directory)
        try next.enable(known: known)
        try next.broker.record(.request(id: "after"))
        #expect(Data(next.contents).range(of: Data("\"type\":\"break\"".utf8)) != nil)
        #expect(next.contents.starts(with: bytes))  // Evidence stays.
        #expect(try !next.verify().isIntact)
        // Moved away, the chain goes on cleanly.
        rename(next.path, next.path + ".evidence")
        next.broker.reopenAll()
        try next.broker.record(.request())
        #expect(try next.verify(checkpoint: next.checkpoint).isIntact)
    }

    @Test(arguments: [true, false])
    func `records that the server no longer knows where the file ended`(isFileThere: Bool) throws {
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request())
        trail.broker.close()
        let before = isFileThere ? trail.contents : []
        if !isFileThere { unlink(trail.path) }
        let next = try Trail(seed: 2, directory: trail.directory)
        try next.broker.restore(Trail.configuration(next.path), known: nil, isKnownLost: true)
        try next.broker.record(.request(id: "after"))
        #expect(next.contents.starts(with: before))
        let found = try #require(next.lines().first { $0["type"] == "break" })
        #expect(found["reason"] == "what the server knew of the end of this file is damaged or gone")
        #expect(try !next.verify().isIntact)
    }

    @Test func `goes on from the checkpoint when the file was rotated while the server was down`() throws {
        let trail = try Trail()
        try trail.enable()
        let known = trail.broker.close()["audit_file_file"]
        unlink(trail.path)
        let next = try Trail(seed: 2, directory: trail.directory)
        try next.enable(known: known)
        #expect(try next.lines()[0]["start"] == "elsewhere")
        #expect(try next.verify().firstSequence == known.map { $0.sequence + 1 })
    }

    @Test func `a checkpoint survives its stored form`() throws {
        let trail = try Trail()
        try trail.enable()
        let checkpoint = try #require(trail.checkpoint)
        #expect(try AuditCheckpoint(json: JSON(parsing: checkpoint.json.encoded())) == checkpoint)
        #expect(AuditCheckpoint(json: ["seq": 1]) == nil)
        #expect(Int(checkpoint.fileBytes) == trail.contents.count)
    }
}
