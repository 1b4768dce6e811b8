import DatabaseClients
package import EngineKit
package import Logging
import StoreKit
import Synchronization

/// A store in a PostgreSQL database, for any number of nodes, all of which serve at the same time.
///
/// When a commit returns, it is durable, and every living node has dropped what it had cached from
/// the changed records. Commits that wait at the same time share a transaction. See
/// `docs/postgresql.md`.
package final class PostgresStorage: Storage {
    /// The place of this node among the nodes of the store.
    package let cluster: Membership
    private let sql: Statements
    let commits: CommitQueue
    private let readers: ConnectionPool<PostgresConnection>
    private let feed: ChangeFeed
    private let isClosed = Atomic(false)

    /// The time limit of a statement. A session that is idle inside a transaction is ended sooner.
    private static let statementSecondsMax = 20
    private static let feedStatementSecondsMax = 3
    private static let closeMilliseconds = 5_000
    private static let waitingReadsMax = 4_096
    static let cutOff = StorageError.unavailable("this node has lost its place in the cluster and is rejoining")

    /// Connects, creates the tables if they are missing, and takes a place for this node.
    ///
    /// - Throws: ``PostgresStorageError``.
    package init(
        _ settings: PostgresSettings, _ identity: NodeIdentity, time: any TimeSource, randomness: any Randomness, logger: Logger
    ) async throws {
        guard PostgresSettings.isTableName(settings.table) else {
            throw PostgresStorageError.invalid("table must be a name of lower-case letters, digits and _, at most 40 long")
        }
        let target: PostgresTarget
        do {
            target = try PostgresTarget(url: settings.connectionURL, allowsFiles: true)
        } catch {
            throw PostgresStorageError.invalid(error.message)
        }
        let connect: @Sendable () throws(DatabaseError) -> PostgresConnection = { () throws(DatabaseError) in
            try Self.session(target, statementSecondsMax: Self.statementSecondsMax)
        }
        let schema = Schema(table: settings.table)
        let owners = OwnerTables(table: settings.table)
        let hasOwners = try await Self.prepare(schema, owners, connect: connect)
        cluster = Membership(time: time)
        sql = Statements(schema, owners: hasOwners ? OwnerStatements(schema, owners) : nil)
        commits = CommitQueue(GroupWriter(schema, sql, membership: cluster, logger: logger, connect: connect))
        let backoff = ConnectBackoff(time: time, connect: connect)
        readers = ConnectionPool(
            limits: .init(open: settings.parallelMax, idle: min(settings.idleMax, settings.parallelMax)), time: time,
            threads: BlockingThreads(threadsMax: settings.parallelMax, queueMax: Self.waitingReadsMax),
            waitingMax: Self.waitingReadsMax
        ) { () throws(DatabaseError) in try backoff.connection() }
        feed = ChangeFeed(
            PostgresFeed(schema) { () throws(DatabaseError) in
                // Its time limit is shorter than that of the others, because this node's place
                // expires while it waits.
                try Self.session(target, statementSecondsMax: Self.feedStatementSecondsMax)
            }, identity, process: NodeProcess.current?.stored ?? "", isSole: !settings.allowsOthers, membership: cluster,
            time: time,
            randomness: randomness, logger: logger, pause: { await FeedTime.pause(milliseconds: $0) },
            executor: FeedExecutor(label: "coffer.store.feed"))
        do {
            try await feed.start(watchedOn: FeedExecutor(label: "coffer.store.watch"))
        } catch {
            await feed.stop()
            throw error as? PostgresStorageError ?? .unreachable((error as? DatabaseError)?.message ?? "\(type(of: error))")
        }
    }

    /// Adds a handler for the commits of other nodes, which are answered after it has returned.
    /// Handlers are called in the order in which they were added. A handler that fails is called
    /// again.
    package func onChange(_ handler: @escaping @Sendable (StorageChange) async throws -> Void) { feed.add(handler) }

    /// Returns the record with this key, or nil if there is none.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        let (statement, values) = try sql.get(key)
        let rows = try await read { connection throws(DatabaseError) in try connection.run(statement, values) }
        guard let row = rows.first else { return nil }
        guard let version = row.integer(0), let value = row.bytes(1) else { throw .corrupted(key: key) }
        return StoredRecord(value: value, version: UInt64(bitPattern: version))
    }

    /// Returns a page of names below a prefix.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        let page = try ListingPage(listing)
        guard !page.isFull else { return [] }
        let statements = try sql.list(listing)
        return try await read { connection throws(DatabaseError) in try Self.list(page, statements, over: connection) }
    }

    /// Commits a batch: all of it or nothing. When this returns, it is durable and all nodes have
    /// noticed it.
    package func commit(_ batch: Batch) async throws(StorageError) {
        guard !batch.isEmpty else { return }
        try batch.validate()
        let owners = try sql.owners(of: batch)
        guard !isClosed.load(ordering: .acquiring) else { throw CommitQueue.closed }
        // Without a place the batch is not tried: the database does not answer, or the batch was
        // decided on outdated records.
        guard let place = cluster.place, cluster.mayServe || ChangeFeed.isHandling else { throw Self.cutOff }
        let request = GroupWriter.Request(batch: batch, owners: owners, term: LeaderTerm.current, place: place)
        guard let receipt = try await commits.commit(request), !ChangeFeed.isHandling else {
            return
        }
        try await cluster.passed(receipt)
    }

    /// Finishes the accepted commits and gives this node's place back. Later calls throw
    /// ``StorageError/unavailable(_:)``. Returns within a limited time even if the database does
    /// not answer.
    package func close() async {
        isClosed.store(true, ordering: .releasing)
        let pause: Pause = { await FeedTime.pause(milliseconds: $0) }
        _ = await within(milliseconds: Self.closeMilliseconds, pause, on: nil) { [commits] in await commits.close() }
        await feed.stop()
        readers.close()
    }

    // MARK: Sessions

    private static func session(
        _ target: PostgresTarget, statementSecondsMax: Int
    ) throws(DatabaseError) -> PostgresConnection {
        let connection = try PostgresConnection(target, statementSecondsMax: statementSecondsMax)
        do throws(DatabaseError) {
            for setting in [
                // A node that stops in the middle of a write blocks the writes of the others no
                // longer than this.
                "idle_in_transaction_session_timeout = 4000",
                // Every statement can use an index, and plans must not depend on statistics that do
                // not exist yet.
                "enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "enable_bitmapscan = off",
                "plan_cache_mode = force_generic_plan", "jit = off",
            ] { try connection.execute("SET \(setting)") }
            // A stricter setting of the administrator, such as a synchronous replica, is kept.
            try connection.execute(
                """
                SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') IN ('off', 'local')
                """)
        } catch {
            connection.close()
            throw .unavailable(error.message)
        }
        return connection
    }

    /// Creates the tables, and returns whether the records of owners have theirs.
    private static func prepare(
        _ schema: Schema, _ owners: OwnerTables, connect: @escaping @Sendable () throws(DatabaseError) -> PostgresConnection
    ) async throws -> Bool {
        let outcome = try await BlockingThreads.shared.run { () throws(DatabaseError) -> Result<Bool, PostgresStorageError> in
            do {
                let connection = try connect()
                defer { connection.close() }
                try schema.prepare(connection)
                return .success(try owners.areSetUp(connection))
            } catch {
                return .failure(error as? PostgresStorageError ?? .unreachable((error as? DatabaseError)?.message ?? ""))
            }
        }
        return try outcome.get()
    }

    private func read<Success: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws(DatabaseError) -> Success
    ) async throws(StorageError) -> Success {
        var failure = DatabaseError.busy
        for _ in 0..<2 {
            do throws(DatabaseError) {
                return try await readers.use(body)
            } catch {
                failure = error
                // Whether the server has ended a session is noticed only when the session is used.
                guard case .unavailable = error else { break }
            }
        }
        throw .unavailable(failure.message)
    }

    private static func list(
        _ start: ListingPage, _ statements: ListStatements, over connection: PostgresConnection
    ) throws(DatabaseError) -> [String] {
        var page = start
        var bound = page.start
        var rowsMax: Int64 = 32
        while true {
            let (text, key): (String, String) =
                switch bound {
                case .from(let key): (statements.from, key)
                case .after(let key): (statements.after, key)
                }
            let place = RecordPlace(key)
            let rows = try connection.run(
                text, [.bytes(place.head), .bytes(place.tail), .integer(rowsMax)] + statements.extra)
            switch take(rows, &page) {
            case .done: return page.names
            case .seek(let next): bound = next
            case .next:
                guard rows.count == rowsMax, let last = rows.last else { return page.names }
                bound = .after(Self.key(of: last) ?? "")
            }
            rowsMax = min(rowsMax * 4, 4_096)
        }
    }

    /// Adds rows to the page and returns what it needs next.
    private static func take(_ rows: [PostgresRow], _ page: inout ListingPage) -> ListingPage.Step {
        for row in rows {
            // A key that is not UTF-8 was not written by Coffer; the others are still served.
            guard let key = Self.key(of: row) else { continue }
            let step = page.take(key)
            if step != .next { return step }
        }
        return .next
    }

    private static func key(of row: PostgresRow) -> String? {
        String(validating: (row.bytes(0) ?? []) + (row.bytes(1) ?? []), as: UTF8.self)
    }
}
