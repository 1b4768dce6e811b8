import EngineKit
import JOSE
import Synchronization
import Syntax
import TestSupport
import Testing

/// A provider whose keys a test changes, and which counts the requests.
private final class Provider: Sendable {
    struct Down: Error {}

    private struct State {
        var keys: KeySet?
        var requests = 0
        var isHeld = false
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var requests: Int { state.withLock { $0.requests } }

    func publish(_ keys: KeySet?) { state.withLock { $0.keys = keys } }

    /// Lets requests wait until ``release()``.
    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func answer() async throws -> KeySet {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                state.requests += 1
                if state.isHeld { state.held.append(continuation) }
                return !state.isHeld
            }
            if goesOn { continuation.resume() }
        }
        guard let keys = state.withLock({ $0.keys }) else { throw Down() }
        return keys
    }
}

@Suite("Keys of a provider")
struct RemoteKeySetTests {
    private let time = ManualTime()
    private let provider = Provider()
    private let first: SigningKey
    private let second: SigningKey

    init() throws {
        first = try SigningKey(generating: .es256)
        second = try SigningKey(generating: .es256)
    }

    private func keys() -> RemoteKeySet { RemoteKeySet(time: time) { [provider] in try await provider.answer() } }
    private func token(_ key: SigningKey, _ id: String?) throws -> SignedToken {
        try SignedToken(try key.sign(["sub": "a"], keyID: id))
    }

    @Test("are asked for once, and then known")
    func once() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        for _ in 0..<5 { #expect(await keys.verify(try token(first, "1")) == .verified) }
        #expect(await keys.verify(try token(second, "1")) == .refused)
        #expect(provider.requests == 1)
    }

    @Test("a new key is asked for at once, and an outage is none of the logins")
    func rotation() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        #expect(await keys.verify(try token(first, "1")) == .verified)
        time.advance(seconds: FetchedValues.pauseSeconds)
        provider.publish(try published((first, "1"), (second, "2")))
        #expect(await keys.verify(try token(second, "2")) == .verified)
        #expect(provider.requests == 2)
        provider.publish(nil)
        time.advance(seconds: FetchedValues.freshSeconds + 1)
        #expect(await keys.verify(try token(first, "1")) == .verified)
        #expect(provider.requests == 3)
        time.advance(seconds: FetchedValues.keptSeconds)
        #expect(await keys.verify(try token(first, "1")) == .unavailable)
    }

    @Test("a key that the provider withdrew is refused once the keys are read again")
    func withdrawn() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        #expect(await keys.verify(try token(first, "1")) == .verified)
        provider.publish(try published((second, "2")))
        time.advance(seconds: FetchedValues.freshSeconds)
        #expect(await keys.verify(try token(first, "1")) == .refused)
    }

    @Test("a provider that withdrew all keys has withdrawn them, and is not one that does not answer")
    func emptied() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        #expect(await keys.verify(try token(first, "1")) == .verified)
        provider.publish(try KeySet(parsing: Array(#"{"keys":[]}"#.utf8)))
        time.advance(seconds: FetchedValues.freshSeconds)
        #expect(await keys.verify(try token(first, "1")) == .refused)
        #expect(await keys.isAvailable() == false)
        time.advance(seconds: FetchedValues.pauseSeconds)
        provider.publish(try published((second, "2")))
        #expect(await keys.verify(try token(second, "2")) == .verified)
        #expect(await keys.isAvailable())
    }

    @Test("a key without a name is asked for at once when it was replaced", arguments: ["set", "token", "both"])
    func namelessRotation(nameless: String) async throws {
        func set(_ key: SigningKey) throws -> KeySet {
            nameless == "token" ? try published((key, "1")) : try publishedWithoutNames(key)
        }
        let id = nameless == "set" ? "1" : nil
        provider.publish(try set(first))
        let keys = keys()
        #expect(await keys.verify(try token(first, id)) == .verified)
        provider.publish(try set(second))
        // No more often than any other key.
        for _ in 0..<20 { #expect(await keys.verify(try token(second, id)) == .refused) }
        #expect(provider.requests == 1)
        time.advance(seconds: FetchedValues.pauseSeconds)
        #expect(await keys.verify(try token(second, id)) == .verified)
        #expect(await keys.verify(try token(first, id)) == .refused)
        #expect(provider.requests == 2)
    }

    @Test("keys that are known are tried without asking, and none that are too old")
    func knownKeys() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        let token = try token(first, "1")
        #expect(!keys.verifiesWithKnownKeys(token))
        #expect(await keys.verify(token) == .verified)
        #expect(keys.verifiesWithKnownKeys(token))
        time.advance(seconds: FetchedValues.freshSeconds)
        #expect(!keys.verifiesWithKnownKeys(token))
        #expect(provider.requests == 1)
    }

    @Test("a flood of made-up keys asks the provider once in a while")
    func flood() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        for index in 0..<200 { #expect(await keys.verify(try token(second, "made-up-\(index)")) == .refused) }
        #expect(provider.requests == 1)
        time.advance(seconds: FetchedValues.pauseSeconds - 1)
        #expect(await keys.verify(try token(second, "made-up")) == .refused)
        #expect(provider.requests == 1)
        time.advance(seconds: 1)
        #expect(await keys.verify(try token(second, "made-up")) == .refused)
        #expect(provider.requests == 2)
    }

    @Test("a provider that is down is asked once in a while, too")
    func down() async throws {
        let keys = keys()
        for _ in 0..<50 { #expect(await keys.verify(try token(first, "1")) == .unavailable) }
        #expect(provider.requests == 1)
        #expect(await keys.isAvailable() == false)
        provider.publish(try published((first, "1")))
        time.advance(seconds: FetchedValues.pauseSeconds)
        #expect(await keys.isAvailable())
        #expect(await keys.verify(try token(first, "1")) == .verified)
        #expect(provider.requests == 2)
    }

    @Test("all that wait at the same time share one request, and nobody waits whose key is known")
    func singleFlight() async throws {
        provider.publish(try published((first, "1")))
        let keys = keys()
        #expect(await keys.verify(try token(first, "1")) == .verified)
        time.advance(seconds: FetchedValues.freshSeconds)
        provider.hold()
        let unknown = try token(second, "2")
        await withTaskGroup(of: RemoteKeySet.Verdict.self) { group in
            for _ in 0..<20 { group.addTask { await keys.verify(unknown) } }
            while provider.requests < 2 { await Task.yield() }
            // The keys are old and the provider does not answer.
            #expect(await keys.verify((try? token(first, "1")) ?? unknown) == .verified)
            provider.release()
            for await verdict in group { #expect(verdict == .refused) }
        }
        #expect(provider.requests == 2)
    }

    @Test("a caller that leaves does not end the request for the others")
    func canceled() async throws {
        provider.publish(try published((first, "1")))
        provider.hold()
        let keys = keys()
        let known = try token(first, "1")
        let leaving = Task { await keys.verify(known) }
        while provider.requests < 1 { await Task.yield() }
        let staying = Task { await keys.verify(known) }
        leaving.cancel()
        provider.release()
        #expect(await staying.value == .verified)
    }
}
