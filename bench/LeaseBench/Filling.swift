import Barrier
import EngineKit
import Foundation
import Lifetimes
import Logging
import StoreKit
import StoreSQLite
import Syntax

/// Fills the store of a server that is not running with leases of the mount `bench/`, through the real store of leases.
struct Filling {
    var directory: String
    /// Hex; the server's static seal.
    var key: String
    var count: Int
    /// So many of them end together, `dueSeconds` after the rest was made.
    var dueCount: Int
    var dueSeconds: Int

    private static let leasesOfToken = 1_000
    private static let width = 256

    private struct Failure: Error {
        var text: String
    }

    func run() async throws {
        let (time, randomness) = (SteadyTime(), SystemRandomness())
        let sqlite = try SQLiteStorage(directory: directory, logger: Logger(label: "fill"))
        let storage = CachedStorage(base: sqlite, bytesMax: 32 << 20)
        let barrier = Barrier(base: storage, randomness: randomness, time: time)
        let seal = try StaticSeal(
            StaticSealConfiguration(currentKeyID: "k1", currentKey: key),
            sources: KeySources(lookup: { _ in nil }, readFile: { _ in [] }))
        let controller = SealController(barrier: barrier, base: storage, seal: seal, randomness: randomness, time: time)
        _ = try await controller.unsealAutomatically()
        let tokens = TokenStore(
            storage: PrefixedStorage(barrier, prefix: "sys/token/"), key: try barrier.subkey(info: "token-hmac/v1"), time: time,
            randomness: randomness)
        let mount = try await mountID(barrier)
        try await fill(tokens, mount, 0..<(count - dueCount)) { _ in Int.random(in: 86_400...(30 * 86_400)) }
        let end = time.now().adding(seconds: dueSeconds)
        try await fill(tokens, mount, (count - dueCount)..<count) { now in end.secondsRoundedUp(since: now) }
        await sqlite.close()
    }

    private func mountID(_ barrier: Barrier) async throws -> String {
        let table = try await barrier.get("sys/mounts").flatMap { try? JSON(parsing: $0.value) }
        guard let mount = table?.arrayValue?.first(where: { $0["path"] == "bench/" })?["uuid"]?.stringValue else {
            throw Failure(text: "there is no mount bench/")
        }
        return mount
    }

    private func fill(
        _ tokens: TokenStore, _ mount: String, _ numbers: Range<Int>, ttl: @escaping @Sendable (Timestamp) -> Int
    ) async throws {
        let leases = LeaseStore(tokens: tokens)
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: Self.leasesOfToken) {
            let made = try await tokens.create(parent: nil, displayName: "fill", policies: ["default"], path: "auth/bench/login") {
                $0.creationTTL = 40 * 86_400
                $0.expiresAt = tokens.now.adding(seconds: 40 * 86_400)
            }
            guard let token = made?.entry else { throw Failure(text: "no token") }
            let page = Array(start..<min(start + Self.leasesOfToken, numbers.upperBound))
            let results = await concurrently(page, width: Self.width) { number in
                let draft = leases.draft(
                    path: "bench/creds/role-\(number % 100)", token: token, mountID: mount, mountPath: "bench/",
                    grant: LeaseGrant(
                        ttl: ttl(tokens.now),
                        data: ["username": .string("v-token-role-\(number)"), "role": "role", "db": "postgres"]),
                    defaultTTL: 3_600, maxTTL: 32 * 86_400)
                guard try await leases.register(draft) != nil else { throw Failure(text: "a lease was not registered") }
            }
            for result in results { try result.get() }
            if start % 100_000 == 0 { print("filled \(start)") }
        }
    }
}
