import AuthMethods
import SecretMemory
import Synchronization

/// Hashes at no cost, and counts how much would have been done and how much at once.
final class CountingHasher: PasswordHasher {
    private struct State {
        var count = 0
        var running = 0
        var runningMax = 0
        var costs: [HashCost] = []
    }

    let cost: HashCost
    private let yields: Int
    private let state = Mutex(State())

    init(cost: HashCost = HashCost(rounds: 16, blockSize: 8, parallelism: 1), yields: Int = 0) {
        self.cost = cost
        self.yields = yields
    }

    var count: Int { state.withLock { $0.count } }
    var runningMax: Int { state.withLock { $0.runningMax } }
    var costs: [HashCost] { state.withLock { $0.costs } }

    func hash(_ password: SecretBytes, salt: [UInt8], cost: HashCost) async throws -> [UInt8] {
        state.withLock { state in
            state.count += 1
            state.running += 1
            state.runningMax = max(state.runningMax, state.running)
            state.costs.append(cost)
        }
        for _ in 0..<yields { await Task.yield() }
        defer { state.withLock { $0.running -= 1 } }
        return password.withBytes { bytes in
            var output = salt + salt
            for (index, byte) in bytes.enumerated() { output[index % 32] = output[index % 32] &* 31 &+ byte &+ UInt8(index & 0xFF) }
            return output
        }
    }
}

/// As many at once as a test likes.
let wideGate = PasswordHashLimiter(runningMax: 1_000, waitingMax: 1_000)
