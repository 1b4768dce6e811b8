import EngineKit
import Foundation
import Glibc
import Synchronization
import Syntax
import TestSupport
import Testing

@testable import Audit  // Devices that fail are put under a broker by hand.

@Suite struct FailureTests {
    private func chain(_ control: FaultyDevice.Switch) -> AuditVerdict {
        AuditVerifier.verify(control.contents, keys: .device(Trail.deviceKey("bad")))
    }

    @Test func `refuses when every device fails, and serves when one records`() throws {
        let trail = try Trail()
        let control = FaultyDevice.Switch()
        try trail.add(FaultyDevice(control: control), name: "bad/")
        try trail.broker.record(.request())
        control.failsAfterBytes = 0
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        #expect(trail.broker.list()[0].failure == "no space")
        try trail.enable()
        try trail.broker.record(.request())
        #expect(try trail.recorded().count == 1)
        control.failsAfterBytes = nil
        try trail.broker.record(.request())
        #expect(trail.broker.list().allSatisfy { $0.failure == nil })
        #expect(chain(control).isIntact)
    }

    /// A write holds the chain for as long as a disk or a peer takes. Whoever asks for the server's health must not wait for it.
    @Test(.timeLimit(.minutes(10))) func `tells of devices while one of them is stuck in a write`() throws {
        let trail = try Trail()
        let control = FaultyDevice.Switch()
        try trail.add(FaultyDevice(control: control), name: "bad/")
        control.failsAfterBytes = 0
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        try trail.enable()
        let stuck = trail.broker.table.withLock { $0.chains }
        stuck[0].state.withLock { _ in
            stuck[1].state.withLock { _ in
                #expect(trail.broker.list().map { $0.failure != nil } == [true, false])
                #expect(trail.broker.recordingDevices() == (working: 1, failing: 1))
            }
        }
    }

    @Test func `a device that discards is no proof beside one that fails`() throws {
        let trail = try Trail()
        try trail.broker.enable(Trail.configuration("discard", name: "none/"))
        try trail.broker.record(.request())
        let control = FaultyDevice.Switch()
        control.failsAfterBytes = 0
        try trail.add(FaultyDevice(control: control), name: "bad/")
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
    }

    @Test(arguments: [0, 1, 100, 400, 700, 5_000])
    func `opens again after a write that could not be taken back, and leaves nothing torn`(bytes: Int) throws {
        let trail = try Trail()
        let control = FaultyDevice.Switch()
        try trail.add(FaultyDevice(control: control), name: "bad/")
        try trail.broker.record(.request())
        (control.failsAfterBytes, control.isClean) = (bytes, false)
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request(), .response(["a": 1])) }
        control.failsAfterBytes = nil
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        trail.time.advance(seconds: 10)
        try trail.broker.record(.request(id: "last"))
        #expect(chain(control).isIntact)
    }

    @Test func `tries a failed device seldom and waits longer each time`() throws {
        let trail = try Trail()
        let control = FaultyDevice.Switch()
        control.failsAfterBytes = 0
        try trail.add(FaultyDevice(control: control), name: "bad/")
        for _ in 0..<100 { #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) } }
        #expect(control.opens == 1)
        for _ in 0..<100 {
            trail.time.advance(seconds: 1)
            #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        }
        #expect((10...30).contains(control.opens))
        control.failsAfterBytes = nil
        trail.broker.reopenAll()  // An operator says that it is mended.
        #expect(trail.broker.list()[0].failure == nil)
        #expect(throws: Never.self) { try trail.broker.record(.request()) }
    }

    /// A peer that accepts connections and reads nothing: each opening succeeds, and a write soon after it fails.
    @Test func `waits longer for a device that fails again soon after it was opened, and not for one that had worked`() throws {
        let trail = try Trail()
        let control = FaultyDevice.Switch()
        try trail.add(FaultyDevice(control: control), name: "bad/")
        /// Seconds until the device is tried again.
        func pause() -> Int {
            control.isClean = false
            control.failsAfterBytes = 0
            #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
            control.failsAfterBytes = nil
            for second in 0..<100 {
                if (try? trail.broker.record(.request())) != nil { return second }
                trail.time.advance(seconds: 1)
            }
            return 100
        }
        let pauses = (0..<12).map { _ in pause() }
        #expect(pauses.first == 1 && pauses.last == 30 && pauses == pauses.sorted())
        trail.time.advance(seconds: 60)
        #expect(pause() == 1)
    }

    @Test func `records no request on a device that cannot be enabled`() throws {
        let trail = try Trail()
        let group = DispatchGroup()
        let started = Mutex(false)
        // Readers, beside somebody who tries to enable a first device at a place that is not there.
        DispatchQueue.global().async(group: group) {
            while !started.withLock({ $0 }) {}
            for _ in 0..<200 {
                let lost = Trail.configuration("/nowhere/audit.log", name: "new/")
                #expect(throws: AuditError.self) { try trail.broker.enable(lost) }
            }
        }
        started.withLock { $0 = true }
        for _ in 0..<20_000 { #expect(throws: Never.self) { try trail.broker.record(.request()) } }
        group.wait()
        #expect(trail.broker.list().isEmpty)
    }

    @Test func `keeps a path for whoever began to enable a device at it`() throws {
        let trail = try Trail()
        try trail.enable()
        #expect(throws: AuditError.pathInUse) { try trail.enable() }
    }

    @Test func `a stored device that cannot be opened stops requests and not the unsealing`() throws {
        let trail = try Trail()
        mkdir(trail.path, 0o700)
        try trail.broker.restore(Trail.configuration(trail.path), known: nil)
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        rmdir(trail.path)
        trail.time.advance(seconds: 1)
        try trail.broker.record(.request())
        #expect(try trail.verify().isIntact)
    }

    @Test func `a closed pipe is an error and not the end of the process`() throws {
        let trail = try Trail()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        try trail.add(StreamDevice(descriptor: ends[1], name: "pipe", timeoutMilliseconds: 20), name: "pipe/")
        try trail.broker.record(.request())
        close(ends[0])
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        close(ends[1])
    }

    @Test func `a pipe that nobody reads fails within its time, and the stream goes on with a break`() throws {
        let trail = try Trail()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try trail.add(StreamDevice(descriptor: ends[1], name: "pipe", timeoutMilliseconds: 20), name: "pipe/")
        var written = 0
        while written < 1_000, (try? trail.broker.record(.request())) != nil { written += 1 }
        #expect(written > 10 && written < 1_000)
        var received = drain(ends[0])
        trail.time.advance(seconds: 10)
        try trail.broker.record(.request(id: "again"))
        received += drain(ends[0])
        let lines = received.split(separator: UInt8(ascii: "\n"))
        #expect(try JSON(parsing: lines[lines.count - 1])["request"]?["id"] == "again")
        #expect(try JSON(parsing: lines[lines.count - 2])["type"] == "segment")
    }

    private func drain(_ descriptor: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
    }

    @Test func `a full device is an error`() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        let trail = try Trail()
        try trail.add(StreamDevice(descriptor: full, name: "full", timeoutMilliseconds: 20), name: "full/")
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
    }

    /// Only root may mount; elsewhere the faulty devices above stand for a full disk.
    private static let canMount: Bool = {
        let directory = NSTemporaryDirectory().trimmingSuffix("/") + "/audit-mount-" + UUID().uuidString
        mkdir(directory, 0o700)
        defer { rmdir(directory) }
        return mount("tmpfs", directory, "tmpfs", 0, "size=64k") == 0 && umount(directory) == 0
    }()

    @Test(.enabled(if: canMount, "needs the right to mount"))
    func `a full disk refuses requests, leaves no torn line, and recovers`() throws {
        let directory = NSTemporaryDirectory().trimmingSuffix("/") + "/audit-full-" + UUID().uuidString
        mkdir(directory, 0o700)
        defer { rmdir(directory) }
        try #require(mount("tmpfs", directory, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(directory, Int32(MNT_DETACH)) }
        let trail = try Trail(directory: directory)
        let ballast = directory + "/ballast"
        _ = FileManager.default.createFile(atPath: ballast, contents: Data(count: 16 << 10))
        try trail.enable()
        var written = 0
        while written < 1_000, (try? trail.broker.record(.request(["v": "x"]))) != nil { written += 1 }
        #expect(written > 10 && written < 1_000)
        for _ in 0..<20 { #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) } }
        #expect(trail.contents.last == UInt8(ascii: "\n"))
        #expect(try trail.recorded().count == written)
        unlink(ballast)
        try trail.broker.record(.request(id: "after"))
        #expect(try trail.recorded().count == written + 1)
        #expect(try trail.verify(checkpoint: trail.checkpoint).isIntact)
        trail.broker.close()
        #expect(throws: AuditError.closed) { try trail.broker.record(.request()) }
    }

    @Test func `loses no line of eight threads`() throws {
        let trail = try Trail()
        try trail.enable()
        let (threads, count) = (8, 2_000)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for number in 0..<count / 2 {
                try? trail.broker.record(.request(id: "t\(thread)-\(number)"))
                try? trail.broker.record(.request(id: "t\(thread)-\(number)p"), .response(nil))
            }
        }
        let verdict = try trail.verify(checkpoint: trail.checkpoint)
        #expect(verdict.isIntact)
        #expect(verdict.lines == 1 + threads * count / 2 * 3)
        let ids = Set(try trail.lines().compactMap { $0["request"]?["id"]?.stringValue })
        #expect(ids.count == threads * count + 1)  // And the answers' own id.
    }

    @Test func `holds no more devices than it may`() throws {
        let trail = try Trail()
        for number in 0..<16 { try trail.enable(name: "d\(number)/") }
        #expect(throws: AuditError.tooManyDevices) { try trail.enable(name: "more/") }
    }
}
