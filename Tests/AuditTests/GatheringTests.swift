import EngineKit
import Synchronization
import Syntax
import Testing

@testable import Audit  // Devices that fail are put under a broker by hand.

/// Runs what is enqueued when the test says so, as an event loop does when it has read from all its sockets.
final class ManualExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    func run() {
        while let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

@Suite struct GatheringTests {
    private final class Outcomes: Sendable {
        private let kept = Mutex<[AuditError?]>([])
        var all: [AuditError?] { kept.withLock { $0 } }

        func gather(_ trail: Trail, _ count: Int, on executor: ManualExecutor) {
            for number in 0..<count {
                Task.immediate(executorPreference: executor) {
                    var failure: AuditError?
                    do throws(AuditError) {
                        try await trail.broker.record(AuditEntry(.request(id: "r\(number)")))
                    } catch {
                        failure = error
                    }
                    self.kept.withLock { [failure] in $0.append(failure) }
                }
            }
        }
    }

    @Test func `writes the lines of requests of one turn with one write, and answers none before it`() throws {
        let (trail, executor, outcomes, control) = (try Trail(), ManualExecutor(), Outcomes(), FaultyDevice.Switch())
        try trail.add(FaultyDevice(control: control), name: "bad/")
        try trail.broker.record(.request())
        let before = control.writes
        outcomes.gather(trail, 20, on: executor)
        #expect(control.writes == before)
        #expect(outcomes.all.isEmpty)
        executor.run()
        #expect(control.writes == before + 1)
        #expect(outcomes.all == Array(repeating: nil, count: 20))
        let verdict = AuditVerifier.verify(control.contents, keys: .device(Trail.deviceKey("bad")))
        #expect(verdict.isIntact)
        #expect(verdict.lines == 22)
    }

    @Test(arguments: [0, 300, 3_000]) func `fails every request of a write that fails, and no later one`(bytes: Int) throws {
        let (trail, executor, outcomes, control) = (try Trail(), ManualExecutor(), Outcomes(), FaultyDevice.Switch())
        try trail.add(FaultyDevice(control: control), name: "bad/")
        outcomes.gather(trail, 3, on: executor)
        executor.run()
        outcomes.gather(trail, 5, on: executor)
        control.failsAfterBytes = bytes
        executor.run()
        control.failsAfterBytes = nil
        outcomes.gather(trail, 2, on: executor)
        executor.run()
        #expect(outcomes.all == [nil, nil, nil] + Array(repeating: .notRecorded, count: 5) + [nil, nil])
        let verdict = AuditVerifier.verify(control.contents, keys: .device(Trail.deviceKey("bad")))
        #expect(verdict.isIntact)
        #expect(verdict.lines == 6)
    }

    @Test func `refuses what was gathered when the trail is closed before it is written`() throws {
        let (trail, executor, outcomes) = (try Trail(), ManualExecutor(), Outcomes())
        try trail.enable()
        outcomes.gather(trail, 4, on: executor)
        trail.broker.close()
        executor.run()
        #expect(outcomes.all == Array(repeating: .closed, count: 4))
        #expect(try trail.recorded().isEmpty)
    }

    @Test func `a response recorded with its request repeats who asked and what`() async throws {
        let trail = try Trail()
        try trail.enable()
        let answer = AuditAnswer(time: Timestamp(seconds: 1_700_000_001), response: AuditResponse(statusCode: 200), error: "e")
        try await trail.broker.record(AuditEntry(.request(["a": "b"]), answer: answer))
        let lines = try trail.recorded()
        #expect(lines.map { $0["type"]?.stringValue } == ["request", "response"])
        #expect(lines[0]["auth"] == lines[1]["auth"] && lines[0]["auth"] != nil)
        #expect(lines[0]["request"] == lines[1]["request"])
        #expect(lines.map { $0["error"]?.stringValue } == [nil, "e"])
        #expect(lines[1]["time"] == "2023-11-14T22:13:21.000000000Z")
        #expect(lines[1]["response"]?["status_code"] == 200)
    }

    @Test func `loses no line of tasks on many threads`() async throws {
        let trail = try Trail()
        try trail.enable()
        await withTaskGroup { group in
            for task in 0..<64 {
                group.addTask {
                    for number in 0..<50 { try? await trail.broker.record(AuditEntry(.request(id: "t\(task)-\(number)"))) }
                }
            }
        }
        let ids = Set(try trail.recorded().compactMap { $0["request"]?["id"]?.stringValue })
        #expect(ids.count == 64 * 50)
        #expect(try trail.verify(checkpoint: trail.checkpoint).isIntact)
    }
}
