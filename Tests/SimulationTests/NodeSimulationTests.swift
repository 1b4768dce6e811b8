import Foundation
import Synchronization
import Testing

@Suite("Nodes over one store, in thousands of orders")
struct NodeSimulationTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap(Int.init) }

    /// One schedule by `COFFER_SIMULATION_SEED`, else as many as fit into `COFFER_SIMULATION_SECONDS`, from a random seed on.
    private static let seed = number("COFFER_SIMULATION_SEED").map(UInt64.init)
    private static let seconds = number("COFFER_SIMULATION_SECONDS") ?? 20

    /// What the lanes have run together.
    private final class Tally: Sendable {
        let counts = Mutex((schedules: 0, faults: 0, steps: 0))

        func add(_ schedule: Schedule) {
            let (faults, steps) = (schedule.faults.count, schedule.world.steps)
            counts.withLock { $0 = ($0.schedules + 1, $0.faults + faults, $0.steps + steps) }
        }
    }

    @Test("no acknowledged revocation is accepted, no node stops for ever, and every node ends")
    func schedules() async throws {
        let first = Self.seed ?? UInt64.random(in: 0...(1 << 40))
        let tally = Tally()
        let end = ContinuousClock().now + .seconds(Self.seconds)
        let lanes: UInt64 = Self.seed == nil ? 2 : 1
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes { group.addTask { await Self.runApart(from: first + lane, by: lanes, until: end, tally) } }
        }
        let (schedules, faults, steps) = tally.counts.withLock { $0 }
        print("simulation: \(schedules) schedules from seed \(first), \(faults) faults, \(steps) steps")
        #expect(schedules > 0)
    }

    /// On a thread of its own, for a schedule blocks the one that it runs on.
    private static func runApart(from first: UInt64, by stride: UInt64, until end: ContinuousClock.Instant, _ tally: Tally) async {
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                runLane(from: first, by: stride, until: end, tally)
                done.resume()
            }
        }
    }

    private static func runLane(from first: UInt64, by stride: UInt64, until end: ContinuousClock.Instant, _ tally: Tally) {
        var seed = first
        repeat {
            let schedule = Schedule(seed: seed, isCalm: seed % 4 == 0)
            let broken = schedule.run(chaosSeconds: 15)
            if !broken.isEmpty {
                Issue.record(
                    """
                    seed \(seed): \(broken.joined(separator: "; ")) [\(schedule.faults.joined(separator: ", "))]
                    Again: SWIFT_DETERMINISTIC_HASHING=1 COFFER_SIMULATION_SEED=\(seed)
                    """)
            }
            tally.add(schedule)
            seed += stride
        } while ContinuousClock().now < end && Self.seed == nil
    }
}
