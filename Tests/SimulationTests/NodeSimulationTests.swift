import Foundation
import Synchronization
import Testing

@Suite("Nodes over one store, in thousands of orders")
struct NodeSimulationTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap(Int.init) }

    /// One schedule by `COFFER_SIMULATION_SEED`, else as many as fit into `COFFER_SIMULATION_SECONDS`, from a random seed on.
    private static let seed = number("COFFER_SIMULATION_SEED").map(UInt64.init)
    private static let seconds = number("COFFER_SIMULATION_SECONDS") ?? 40

    /// What the lanes have run together.
    private final class Tally: Sendable {
        let counts = Mutex(Schedule.Counts())

        func add(_ schedule: Schedule) {
            let more = schedule.counts
            counts.withLock { $0 = $0 + more }
        }
    }

    @Test("nothing revoked is accepted, what was interrupted is finished, no node stops for ever, and every node ends")
    func schedules() async throws {
        let first = Self.seed ?? UInt64.random(in: 0...(1 << 40))
        let tally = Tally()
        let end = ContinuousClock().now + .seconds(Self.seconds)
        let lanes: UInt64 = Self.seed == nil ? 2 : 1
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes { group.addTask { await Self.runApart(from: first + lane, by: lanes, until: end, tally) } }
        }
        let counts = tally.counts.withLock { $0 }
        print(
            """
            simulation: \(counts.schedules) schedules from seed \(first), \(counts.faults) faults, \(counts.kills) kills, \
            \(counts.leaders) changes of the leader, \(counts.tokens) tokens, \(counts.interruptedRevocations) interrupted \
            revocations, \(counts.interruptedRemovals) interrupted removals, \(counts.steps) steps
            """)
        #expect(counts.schedules > 0)
    }

    @Test("sees it when nobody finishes what a node left half-done, or waits for the others", arguments: PlantedFault.allCases)
    func eyesight(_ planted: PlantedFault) async throws {
        @Sendable func isBroken(_ seed: UInt64, _ planted: PlantedFault?) -> Bool {
            !Schedule(seed: seed, isCalm: false, planted: planted).run(chaosSeconds: 15).isEmpty
        }
        let (seen, isBrokenAnyway) = await withCheckedContinuation { (done: CheckedContinuation<(UInt64?, Bool), Never>) in
            Thread.detachNewThread {
                let seen = (0..<900).first { isBroken($0, planted) }
                done.resume(returning: (seen, seen.map { isBroken($0, nil) } ?? false))
            }
        }
        let seed = try #require(seen, "no schedule sees it")
        #expect(!isBrokenAnyway, "seed \(seed) is broken without it too")
        print("simulation: \(planted) is seen after \(seed + 1) schedules")
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
