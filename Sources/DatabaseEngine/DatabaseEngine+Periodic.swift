import DatabaseClients
import Databases
import EngineKit
import Logging
import Records
import Syntax

/// Rotations that are due, and what a crash left behind.
extension DatabaseEngine {
    private static let roundMax = 50
    private static let widthMax = 8
    private static let recoverySeconds = 10
    private static let pruneSeconds = 60
    /// Longer than any request of this process takes from its intent to its answer.
    private static let intentSecondsMax = 180

    package func runRound() async {
        await logging("looking for due work", "") { try await workThroughDue() }
    }

    /// What this node handed over it must strike off itself: another takes it for left behind after a while.
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
            // Apart, and record by record: one that cannot be read keeps nothing else from being done.
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
                    var batch = Batch()
                    batch.delete("wal/root/" + name)
                    try await storage.commit(batch)
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

    /// Drops users of whom no lease tells. One database that is away is asked once a round.
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
        await acting("drop-orphan", "config/" + intent.database, ["username": .string(intent.username)]) {
            guard try await databases.find(intent.database) != nil else {
                context.logger.error(
                    "a user without a lease cannot be dropped: its connection is gone",
                    metadata: ["connection": "\(intent.database)", "username": "\(intent.username)"])
                await forget(id)
                return
            }
            let (_, entry) = try await database(intent.database)
            do throws(DatabaseError) {
                try await entry.driver.deleteUser(intent.username, statements: intent.revocation)
            } catch {
                throw CofferError(error)
            }
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

    /// A scheduled rotation whose window has passed waits for the schedule's next time.
    private func rotateIfOpen(_ name: String) async throws {
        guard let found = try await staticRoles.find(name) else { return }
        if found.value.pendingPassword == nil, !found.value.rotation.isOpen(dueAt: found.value.dueAt, now: now) {
            try await lines.inTurn("static-role/" + name) {
                guard let found = try await staticRoles.find(name) else { return }
                var role = found.value
                role.plan(role.rotation.next(after: now))
                role.failures = 0
                var batch = Batch()
                save(name, role, replacing: found, into: &batch)
                try await storage.commit(batch)
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

    /// For failures from before the rotation itself began, such as a database whose own password is in doubt.
    private func postpone(_ name: String) async throws {
        try await lines.inTurn("static-role/" + name) {
            guard let found = try await staticRoles.find(name), found.value.nextRotationAt <= now else { return }
            var role = found.value
            role.failures = min(role.failures + 1, 100)
            role.nextRotationAt = now.adding(seconds: Self.retrySeconds(role.failures))
            var batch = Batch()
            save(name, role, replacing: found, into: &batch)
            try await storage.commit(batch)
        }
    }

    // MARK: Parts

    /// Does something with a record in the audit trail before and after; without the first it is not done.
    @discardableResult
    private func acting(
        _ actor: String, _ path: String, _ data: JSONObject = .init(), _ body: () async throws -> Void
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
    private func logging(_ what: String, _ name: String, _ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return true
        } catch StorageError.sealed {
            return false
        } catch {
            context.logger.warning(
                "\(what) failed; it will be tried again", metadata: ["path": "\(name)", "reason": "\(Self.reason(error))"])
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
