import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Audit

@Suite struct WriteBackTests {
    private final class Rounds: Sendable {
        let seen = Mutex<[Range<Int>]>([])
        let failure: Int32

        init(failure: Int32 = 0) { self.failure = failure }

        func sync(_ file: Int32, _ from: Int, _ bytes: Int) -> Int32 {
            seen.withLock { $0.append(from..<from + bytes) }
            return failure
        }
    }

    private let round = WriteBack.roundBytes

    private func make(_ rounds: Rounds, end: Int = 0) throws -> WriteBack {
        let file = open("/dev/null", O_WRONLY)
        defer { close(file) }
        return try #require(WriteBack(of: file, end: end, sync: rounds.sync))
    }

    @Test func `syncs each few megabytes once, from where the file began`() throws {
        let rounds = Rounds()
        let writeBack = try make(rounds, end: 100)
        for count in [round - 1, 1, 10, round, 5] {
            #expect(writeBack.wrote(count) == 0)
            writeBack.wait()
        }
        #expect(rounds.seen.withLock { $0 } == [100..<100 + round, 100 + round..<110 + 2 * round])
    }

    @Test func `syncs what is left when the file is closed`() throws {
        let rounds = Rounds()
        let writeBack = try make(rounds)
        #expect(writeBack.wrote(7) == 0)
        writeBack.finish()
        writeBack.finish()
        writeBack.wait()
        #expect(rounds.seen.withLock { $0 } == [0..<7])
    }

    @Test func `tells the next writer that the disk failed`() throws {
        let writeBack = try make(Rounds(failure: EIO))
        _ = writeBack.wrote(round)
        writeBack.wait()
        #expect(writeBack.wrote(1) == EIO)
    }

    @Test func `brings a file to its disk`() throws {
        let directory = try TemporaryDirectory()
        let file = open("\(directory.path)/audit.log", O_RDWR | O_CREAT, 0o600)
        defer { close(file) }
        #expect(write(file, "a line", 6) == 6)
        #expect(WriteBack.toDisk(file, from: 0, byteCount: 6) == 0)
        #expect(WriteBack.toDisk(-1, from: 0, byteCount: 6) == EBADF)
    }
}
