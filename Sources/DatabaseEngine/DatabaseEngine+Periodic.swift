import DatabaseClients
import Databases
import EngineKit
import Logging
import Records
import Syntax

/// The periodic work: rotations that are due, and recovery after a crash.
extension DatabaseEngine {
    private static let roundMax = 50
    private static let widthMax = 8
    private static let recoverySeconds = 10
    private static let pruneSeconds = 60
    /// The age at which an intent of this process counts as abandoned, in seconds. No request takes as long from its intent
    /// to its answer.
    private static let intentSecondsMax = 180

    /// Does a round of the work that one node does for all.
    package func runRound() async {
        await logging("looking for due work", "") { try await workThroughDue() }
    }

    /// Deletes the intents that this node handed over. Another node would take them for abandoned after a while.
    package func runFollowerRound() async {
        let (isDue, handedOver) = progress.change { [now] state in
            let isDue = state.nextRecoveryAt <= now
            if isDue { state.nextRecoveryAt = now.adding(seconds: Self.recoverySeconds) }
            return (isDue, state.handedOver)
        }
        guard isDue else { return }
        for intent in handedOver { await forget(intent) }
        drivers.prune()
    }

    private func workThroughDue() async throws {
        let now = now
        let (recovers, prunes) = progress.change { state in
            let due = (state.nextRecoveryAt <= now, state.nextPruneAt <= now)
            if due.0 { state.nextRecoveryAt = now.adding(seconds: Self.recoverySeconds) }
            if due.1 { state.nextPruneAt = now.adding(seconds: Self.pruneSeconds) }
            return due
        }
        if prunes { drivers.prune() }
        if recovers {
            // Each step runs apart and goes record by record, so a record that cannot be read does not stop the rest.
            await logging("looking for root passwords in doubt", "") { try await recoverRoots() }
            await logging("looking for users without a lease", "") { try await recoverUsers() }
            await logging("looking for static roles in doubt", "") { try await recoverStaticRoles() }
        }
        try await rotateDue()
    }

    // MARK: Remains of a crash

    private func recoverRoots() async throws {
        for name in try await storage.list(Listing(prefix: "wal/root/", limit: Self.roundMax)) {
            await logging("settling a root password", "rotate-root/" + name) {
                if try await databases.find(name)?.value.pendingPassword == nil {
                    try await storage.delete("wal/root/" + name)
                } else {
                    await acting("recover-root-password", "rotate-root/" + name) { try await settleRootPassword(of: name) }
                }
            }
        }
    }

    private func recoverStaticRoles() async throws {
        let names = try await storage.list(Listing(prefix: "wal/static/", limit: Self.roundMax))
        await concurrently(names) { name in
            await acting("recover-static-role", "rotate-role/" + name) { try await rotate(name, onlyPending: true) }
        }
    }

    /// Drops users that have no lease. A database that cannot be reached is asked once a round.
    private func recoverUsers() async throws {
        var away: Set<String> = []
        for id in try await storage.list(Listing(prefix: "wal/user/", limit: Self.roundMax * 4)) {
            var found: UserIntent?
            await logging("reading a user without a lease", "wal/user/" + id) { found = try await intents.find(id)?.value }
            guard let intent = found, !away.contains(intent.database) else { continue }
            let (isHandedOver, isAbandoned) = progress.change { ($0.handedOver.contains(id), $0.abandoned.contains(id)) }
            if isHandedOver {
                await forget(id)
                continue
            }
            let isOld = intent.createdAt.adding(seconds: Self.intentSecondsMax) <= now
            let isLeftBehind = !context.isShared && intent.process != process
            guard isAbandoned || isOld || isLeftBehind else { continue }
            if await !drop(intent, id) { away.insert(intent.database) }
        }
    }

    private func drop(_ intent: UserIntent, _ id: String) async -> Bool {
        await acting("drop-orphan", "config/" + intent.database, data: ["username": .string(intent.username)]) {
            guard try await databases.find(intent.database) != nil else {
                context.logger.error(
                    "a user without a lease cannot be dropped: its connection is gone",
                    metadata: ["connection": "\(intent.database)", "username": "\(intent.username)"])
                await forget(id)
                return
            }
            let (_, entry) = try await database(intent.database)
            try await refusing { try await entry.driver.deleteUser(intent.username, statements: intent.revocation) }
            await forget(id)
        }
    }

    // MARK: Rotations

    private func rotateDue() async throws {
        let now = now
        var due: [String] = []
        for entry in try await storage.list(Listing(prefix: "due/", limit: Self.roundMax, isRecursive: true)) {
            let parts = entry.splitUTF8(at: "/", maxSplits: 1)
            guard parts.count == 2, let seconds = Int(parts[0]), seconds <= now.seconds else { break }
            due.append(String(parts[1]))
        }
        await concurrently(due) { name in await acting("rotation", "rotate-role/" + name) { try await rotateIfOpen(name) } }
    }

    /// Rotates a password unless the window of a scheduled rotation has passed; then the rotation waits for the next time
    /// of the schedule.
    private func rotateIfOpen(_ name: String) async throws {
        guard let found = try await staticRoles.find(name) else { return }
        if found.value.pendingPassword == nil, !found.value.rotation.isOpen(dueAt: found.value.dueAt, now: now) {
            try await lines.inTurn("static-role/" + name) {
                guard let found = try await staticRoles.find(name) else { return }
                var role = found.value
                role.plan(role.rotation.next(after: now))
                role.failures = 0
                try await save(name, role, replacing: found)
            }
            return
        }
        guard found.value.nextRotationAt <= now else { return }
        do {
            try await rotate(name)
        } catch {
            try await postpone(name)
            throw error
        }
    }

    /// Postpones a rotation that failed before it began, for example because the password of the connection is in doubt.
    private func postpone(_ name: String) async throws {
        try await lines.inTurn("static-role/" + name) {
            guard let found = try await staticRoles.find(name), found.value.nextRotationAt <= now else { return }
            var role = found.value
            role.failures = min(role.failures + 1, 100)
            role.nextRotationAt = now.adding(seconds: Self.retrySeconds(role.failures))
            try await save(name, role, replacing: found)
        }
    }

    // MARK: Parts

    /// Runs `body` with an audit record before and after it. If the first cannot be written, `body` does not run.
    @discardableResult
    private func acting(
        _ actor: String, _ path: String, data: JSONObject = .init(), do body: () async throws -> Void
    ) async -> Bool {
        var act = ServerAct(
            id: context.randomness.uuid(), actor: "database-" + actor, operation: .update, path: path, data: data)
        return await logging(actor, path) {
            try await context.record(act)
            let failure: (any Error)?
            do {
                try await body()
                failure = nil
            } catch {
                failure = error
            }
            act.step = .ended(error: failure.map(Self.reason))
            try await context.record(act)
            if let failure { throw failure }
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as? CofferError)?.messages.first ?? "\(type(of: error))"
    }

    @discardableResult
    private func logging(_ what: String, _ name: String, do body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return true
        } catch StorageError.sealed {
            return false
        } catch {
            context.logger.warning(
                "\(what) failed; the next round tries again", metadata: ["path": "\(name)", "reason": "\(Self.reason(error))"])
            return false
        }
    }

    private func concurrently(_ names: [String], _ body: @escaping @Sendable (String) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            var rest = names[...]
            for name in rest.prefix(Self.widthMax) { group.addTask { await body(name) } }
            rest = rest.dropFirst(Self.widthMax)
            while await group.next() != nil {
                if let name = rest.popFirst() { group.addTask { await body(name) } }
            }
        }
    }
}
