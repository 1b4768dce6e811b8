import EngineKit
import LoginGuards
import Synchronization
import TestSupport
import Testing

@Suite struct LoginAttemptsTests {
    /// A door that a test shuts and opens.
    private final class Door: Sendable {
        private let state = Mutex<(isShut: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

        func shut() { state.withLock { $0.isShut = true } }

        func open() {
            let waiting = state.withLock { state in
                defer { state = (false, []) }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if state.isShut { state.waiting.append(continuation) }
                    return !state.isShut
                }
                if isOpen { continuation.resume() }
            }
        }

        var waitingCount: Int { state.withLock { $0.waiting.count } }
    }

    @Test("attempts that all step back for one that is done by then go on, one after the other", .timeLimit(.minutes(10)))
    func nobodyIsForgotten() async throws {
        let (lookUp, body) = (Door(), Door())
        let lockouts = Lockouts(storage: StampingStorage(MemoryStorage()), time: ManualTime()) { _ in
            await lookUp.pass()
            return "0123456789abcdef"
        }
        for _ in 0..<4 { try await lockouts.fail("bob", isAccount: true) }
        let attempts = LoginAttempts(lockouts)
        body.shut()
        async let first: Void = attempts.run("bob") { await body.pass() }
        while body.waitingCount < 1 { await Task.yield() }
        // One more may fail, and the first may be it: these two are too many until it is done.
        lookUp.shut()
        async let second: Void = attempts.run("bob") {}
        async let third: Void = attempts.run("bob") {}
        while lookUp.waitingCount < 2 { await Task.yield() }
        body.open()
        try await first
        lookUp.open()
        try await second
        try await third
    }
}
