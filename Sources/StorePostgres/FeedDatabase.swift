import EngineKit

/// The database as the change feed sees it: one session, one call at a time. A call that loses the session throws, and the
/// first one after ``disconnect()`` begins another.
protocol FeedDatabase: Sendable {
    /// The history that the session stands in. It is another one when the database may have lost commits that were
    /// acknowledged: another server of it took over, or it was restored.
    func history() async throws -> String
    /// Says that the database went back behind what was seen of this history, so that another one begins.
    func endHistory(_ history: String) async throws
    /// Waits for hints for at most so long.
    func notes(waitingMilliseconds: Int) async throws -> [FeedNote]
    /// Takes a place. Throws ``PostgresStorageError/notAlone``.
    func join(_ joining: Joining) async throws -> Joined
    func page(after position: Int64, limit: Int) async throws -> FeedPage
    /// Says how far this node has come and that it lives. False when it has no place any more.
    func beat(_ incarnation: String, seen: Int64, tells: Bool) async throws -> Bool
    /// Who is there, without those that have not been heard of since these heartbeats.
    func snapshot(_ incarnation: String, removing dead: [Membership.Heartbeat]) async throws -> Membership.Snapshot
    /// Takes the lead, if nobody who has a place has it.
    func claimLead(_ incarnation: String) async throws
    func resignLead(_ incarnation: String) async throws
    func leave(_ incarnation: String) async throws
    /// The same in a session apart, for when the feed's own does not answer.
    func leaveApart(_ incarnation: String) async throws
    func disconnect() async
}

struct Joining: Sendable {
    var incarnation: String
    var identity: NodeIdentity
    var process: String
    var isSole: Bool
    /// Places of this process that it lost, gave back, or may have taken without knowing.
    var previous: [String]
}

struct Joined: Sendable {
    var history: String
    /// The number of the last change.
    var last: Int64
}
