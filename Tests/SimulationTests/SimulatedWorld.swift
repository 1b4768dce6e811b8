import EngineKit
import Synchronization
import TestSupport

/// One thread, a clock that moves when nothing else can, and jobs in an order that a seed decides.
///
/// Tasks that prefer an executor of it run nowhere else, so a schedule is repeated by its seed. Sets and dictionaries have an
/// order of their own in each process unless `SWIFT_DETERMINISTIC_HASHING=1` is set.
final class SimulatedWorld: TimeSource, @unchecked Sendable {  // touched by the one thread that runs the schedule
    private struct Sleeper {
        var id: Int
        var until: Int64
        /// What may end the sleep sooner.
        var alarm: Int?
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Ready {
        var job: UnownedJob
        var executor: NodeExecutor
    }

    private(set) var microseconds: Int64 = 0
    private var generator: SplitMix64
    private var ready: [Ready] = []
    private var sleepers: [Sleeper] = []
    private var sleeperCount = 0
    private(set) var violations: [String] = []
    private(set) var steps = 0

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    func now() -> Timestamp { Timestamp(nanoseconds: 1_000_000_000_000 + microseconds * 1_000) }
    var seconds: Double { Double(microseconds) / 1_000_000 }

    func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    func chance(_ percent: Int) -> Bool { random(1...100) <= percent }

    func violated(_ what: String) { if violations.count < 20 { violations.append("\(seconds) s: \(what)") } }

    // MARK: Jobs

    func enqueue(_ job: UnownedJob, _ executor: NodeExecutor) { ready.append(Ready(job: job, executor: executor)) }

    /// Sleeps; at once over when the task is cancelled.
    func pause(milliseconds: Int) async {
        sleeperCount += 1
        let id = sleeperCount
        await withTaskCancellationHandler {
            guard !Task.isCancelled else { return }
            await sleep(microseconds: Int64(milliseconds) * 1_000, id: id)
        } onCancel: {
            if let index = sleepers.firstIndex(where: { $0.id == id }) { sleepers.remove(at: index).continuation.resume() }
        }
    }

    func sleep(milliseconds: Int) async { await sleep(microseconds: Int64(milliseconds) * 1_000) }

    /// As a call that blocks a thread does: nothing but the alarm ends it sooner.
    func sleep(microseconds length: Int64, alarm: Int? = nil, id: Int? = nil) async {
        sleeperCount += 1
        let number = id ?? sleeperCount
        await withCheckedContinuation { continuation in
            sleepers.append(Sleeper(id: number, until: microseconds + max(length, 0), alarm: alarm, continuation: continuation))
        }
    }

    func wake(_ alarm: Int, afterMicroseconds delay: Int64) {
        for index in sleepers.indices where sleepers[index].alarm == alarm {
            sleepers[index].until = min(sleepers[index].until, microseconds + delay)
        }
    }

    /// Runs until the condition holds; false when the time is over first.
    @discardableResult
    func run(seconds limit: Double, until isOver: () -> Bool = { false }) -> Bool {
        let end = microseconds + Int64(limit * 1_000_000)
        while !isOver() {
            if !ready.isEmpty {
                let next = ready.remove(at: random(0...(ready.count - 1)))
                steps += 1
                next.executor.run(next.job)
            } else if let index = sleepers.indices.min(by: { sleepers[$0].until < sleepers[$1].until }) {
                guard sleepers[index].until <= end else {
                    microseconds = end
                    return false
                }
                let sleeper = sleepers.remove(at: index)
                microseconds = max(microseconds, sleeper.until)
                sleeper.continuation.resume()
            } else {
                return false
            }
        }
        return true
    }
}

/// Where the tasks of one process run. A process that is killed runs nothing more; one that is stopped goes on later.
final class NodeExecutor: TaskExecutor, @unchecked Sendable {  // touched by the one thread that runs the schedule
    private let world: SimulatedWorld
    private var held: [UnownedJob] = []
    private(set) var isKilled = false
    private(set) var isStopped = false

    init(_ world: SimulatedWorld) { self.world = world }

    func enqueue(_ job: consuming ExecutorJob) { world.enqueue(UnownedJob(job), self) }

    func run(_ job: UnownedJob) {
        if isKilled { return }
        if isStopped { held.append(job) } else { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    func kill() {
        isKilled = true
        held = []
    }

    func stop() { isStopped = true }

    func goOn() {
        isStopped = false
        for job in held { world.enqueue(job, self) }
        held = []
    }
}

/// Draws from the world, so that it repeats itself with it.
struct WorldRandomness: Randomness {
    let world: SimulatedWorld

    func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for position in bytes.indices { bytes[position] = UInt8(world.random(0...255)) }
    }
}
