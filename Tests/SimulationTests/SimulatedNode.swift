import Barrier
import EngineKit
import Lifetimes
import Logging
import SecretMemory
import TestSupport

@testable import StorePostgres

/// One process of a server, as far as it concerns the other nodes: the real change feed, place, cache of sealed records, keys
/// and tokens, over a simulated way to a simulated database.
final class SimulatedNode: @unchecked Sendable {  // touched by the one thread that runs the schedule
    let name: String
    let process: Int
    let world: SimulatedWorld
    let executor: NodeExecutor
    let network: SimulatedNetwork
    let membership: Membership
    let feed: ChangeFeed
    let storage: CachedStorage
    let barrier: Barrier
    let controller: SealController
    private(set) var tokens: TokenStore?
    private var missed = 0
    /// Calls that have not been answered.
    var unanswered = 0
    var isWorking = true
    var hasRead = false
    var hasEnded = false

    static let keyring = ["core/keyring", "core/seal"]
    private static let tokenPrefix = "sys/token/"

    init(_ name: String, process: Int, _ database: SimulatedDatabase) {
        self.name = name
        self.process = process
        world = database.world
        executor = NodeExecutor(world)
        network = SimulatedNetwork(database, process: process)
        membership = Membership(time: world)
        let (world, executor) = (world, executor)
        feed = ChangeFeed(
            SimulatedFeed(network), NodeIdentity(name: name), process: "\(process)", isSole: false, membership: membership,
            time: world, randomness: WorldRandomness(world: world), logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() },
            pause: { await world.pause(milliseconds: $0) }, executor: executor)
        storage = CachedStorage(base: SimulatedStorage(network, membership), bytesMax: 1 << 20)
        barrier = Barrier(base: storage, randomness: WorldRandomness(world: world), time: world)
        controller = SealController(
            barrier: barrier, base: storage, seal: ShamirSeal(), randomness: WorldRandomness(world: world), time: world)
    }

    func task(_ body: @escaping @Sendable () async -> Void) { _ = Task(executorPreference: executor) { await body() } }

    /// As the server starts, with the share that an operator gives. Returns the share of a store that was made.
    func start(share: String?) async throws -> String {
        try await feed.start(watchedOn: executor)
        feed.add { [storage] change in storage.drop(change) }
        feed.add { [self] change in await follow(change) }
        var given = share
        if given == nil {
            let made = try await controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
            given = made.unsealShares[0].withBytes { bytes in
                bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
        }
        let used = given ?? ""
        let before = missed
        try await controller.unseal(share: used)
        tokens = TokenStore(
            storage: PrefixedStorage(barrier, prefix: Self.tokenPrefix), key: try barrier.subkey(info: "token-hmac/v1"),
            time: world,
            randomness: WorldRandomness(world: world))
        if missed != before { await follow(.everything) }
        membership.offerToLead(true)
        return used
    }

    /// What `Core.drop` does with keys and tokens.
    private func follow(_ change: StorageChange) async {
        missed += 1
        guard let tokens else { return }
        switch change {
        case .everything:
            try? await controller.reloadKeyring()
            tokens.drop(.everything)
        case .keys(let keys):
            if keys.contains(where: Self.keyring.contains) { try? await controller.reloadKeyring() }
            let own = keys.filter { $0.utf8.starts(with: Self.tokenPrefix.utf8) }
            tokens.drop(.keys(own.map { String(Substring($0.utf8.dropFirst(Self.tokenPrefix.utf8.count))) }))
        }
    }

    /// Counts a call until it is answered.
    func call(_ body: () async throws -> Void) async -> Bool {
        unanswered += 1
        defer { unanswered -= 1 }
        do {
            try await body()
            return true
        } catch {
            return false
        }
    }

    var isAlive: Bool { !executor.isKilled }
}
