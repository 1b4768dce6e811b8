import Barrier
import EngineKit
import Lifetimes
import Logging
import SecretMemory
import TestSupport

@testable import Core  // What is finished by whoever leads, and the mounts that it removes, have no other outside than a server.
@testable import StorePostgres

/// One process of a server, as far as it concerns the other nodes: the real change feed, place, cache of sealed records, keys,
/// tokens, mounts and what finishes interrupted work, over a simulated way to a simulated database.
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
    private(set) var mounts: MountTable?
    private(set) var unfinished: InterruptedWork?
    private let planted: PlantedFault?
    private var missed = 0
    /// Calls that have not been answered.
    var unanswered = 0
    /// Revocations and removals under way.
    var revoking = 0
    var removing = 0
    /// Callers ask it.
    var isWorking = true
    /// It does what a leader does.
    var isLeading = true
    /// One of the last checks asks it.
    var isAsked = false
    var hasEnded = false

    private static let tokenPrefix = "sys/token/"

    init(_ name: String, process: Int, _ database: SimulatedDatabase, planted: PlantedFault?) {
        self.planted = planted
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
        storage = CachedStorage(base: SimulatedStorage(network, membership, planted: planted), bytesMax: 1 << 20)
        barrier = Barrier(base: storage, randomness: WorldRandomness(world: world), time: world)
        controller = SealController(
            barrier: barrier, base: storage, seal: ShamirSeal(), randomness: WorldRandomness(world: world), time: world)
    }

    func task(_ body: @escaping @Sendable () async -> Void) { _ = Task(executorPreference: executor) { await body() } }

    /// As the server starts, with the share that an operator gives. Returns the share of a store that was made.
    func start(share: String?) async throws -> String {
        try await feed.start(watchedOn: executor)
        feed.add { [storage] change in storage.drop(change) }
        feed.add { [self] change in try await follow(change) }
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
        var opened: any Storage = barrier
        if let prefix = planted?.lostPrefix { opened = LosingStorage(base: barrier, prefix: prefix) }
        let mounts = try await loadMounts(opened)
        let tokens = TokenStore(
            storage: PrefixedStorage(opened, prefix: Self.tokenPrefix), key: try barrier.subkey(info: "token-hmac/v1"),
            time: world,
            randomness: WorldRandomness(world: world))
        (self.mounts, self.tokens) = (mounts, tokens)
        unfinished = InterruptedWork(tokens: tokens, mounts: mounts, isShared: true)
        if missed != before { try await follow(.everything) }
        membership.offerToLead(true)
        return used
    }

    private func loadMounts(_ storage: any Storage) async throws -> MountTable {
        let randomness = WorldRandomness(world: world)
        let mounts = MountTable(
            storage: storage,
            environment: MountEnvironment(
                storage: storage, catalog: EngineCatalog(), settings: CoreSettings(), time: world, randomness: randomness,
                logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() },
                passwords: PasswordPolicyStore(storage: storage, randomness: randomness), isShared: true))
        try await mounts.load(builtIn: [])
        return mounts
    }

    /// What `Core.drop` does with keys, tokens and mounts.
    private func follow(_ change: StorageChange) async throws {
        missed += 1
        guard let tokens, let mounts else { return }
        if change.touches("core/keyring") || change.touches("core/seal") { try? await controller.reloadKeyring() }
        tokens.drop(change.below(Self.tokenPrefix))
        if change.touches(MountTable.key) { try await mounts.reload() }
    }

    /// A second of a leader's work, in its term.
    func lead(round: Int) async throws {
        guard let unfinished, let term = membership.leadingTerm else { return }
        try await LeaderTerm.$current.withValue(term) {
            try await unfinished.takeOver(in: term)
            guard planted != .noLooks, round % InterruptedWork.checkIntervalSeconds == 0 else { return }
            try await unfinished.finishAbandoned()
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
