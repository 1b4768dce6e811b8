import EngineKit

/// The database as the change feed uses it: one session, one call at a time. A call that loses the
/// session throws; the first call after ``disconnect()`` begins a new session.
protocol FeedDatabase: Sendable {
    /// Returns the history of the database in this session. It differs from an earlier one if the
    /// database may have lost acknowledged commits: a replica took over, or a backup was restored.
    func history() async throws -> String
    /// Ends a history and begins another, because the database lacks changes of this history that
    /// were read before.
    func endHistory(_ history: String) async throws
    /// Waits for hints, at most for the given time, and returns them.
    func notes(waitingMilliseconds: Int) async throws -> [FeedNote]
    /// Takes a place among the nodes.
    ///
    /// - Throws: ``PostgresStorageError/notAlone`` if this node or another must be the only one.
    func join(_ joining: Joining) async throws -> Joined
    /// Returns the changes after a number, at most `limit` of them, and how far every node has
    /// come.
    func page(after position: Int64, limit: Int) async throws -> FeedPage
    /// Records a heartbeat of this node and how far it has come; if `tells`, also notifies the
    /// others.
    ///
    /// - Returns: False if this node has lost its place.
    func beat(_ incarnation: String, seen: Int64, tells: Bool) async throws -> Bool
    /// Returns the nodes and the leader, after removing nodes whose last heartbeat is one of
    /// `dead`.
    func snapshot(_ incarnation: String, removing dead: [Membership.Heartbeat]) async throws -> Membership.Snapshot
    /// Takes the lead, unless a node with a place has it.
    func claimLead(_ incarnation: String) async throws
    /// Gives up the lead, if this node has it.
    func resignLead(_ incarnation: String) async throws
    /// Gives up a place, and the lead with it.
    func leave(_ incarnation: String) async throws
    /// Gives up a place in a separate session, for when the session of the feed does not answer.
    func leaveApart(_ incarnation: String) async throws
    /// Ends the session.
    func disconnect() async
}

/// What a node says about itself when it takes a place.
struct Joining: Sendable {
    var incarnation: String
    var identity: NodeIdentity
    var process: String
    var isSole: Bool
    /// Earlier places of this process, including those that it may have taken without getting the
    /// answer.
    var previous: [String]
}

/// The state of the store when a node took its place.
struct Joined: Sendable {
    var history: String
    /// The number of the last change.
    var last: Int64
}
