import DatabaseClients
import Databases
import EngineKit
import Records
import Syntax

extension DatabaseEngine {
    var staticRolePaths: [EnginePath] {
        [
            EnginePath("static-roles", "Static roles.", fields: Paging.fields)
                .listing("List static roles.") { try .keys(try await staticRoles.names(Paging($0.fields))) },
            EnginePath(
                "static-roles/{name}", "One static role: a user whose password is changed regularly.",
                fields: [Self.nameField] + StaticRole.settings.fields + [
                    Field("rotation_period", .duration, "The time between changes, at least 5 seconds."),
                    Field("rotation_schedule", .string, "A schedule instead of the period: five fields of cron, in UTC."),
                    Field(
                        "rotation_window", .duration, "How late a scheduled change may be; at least an hour."),
                    Field("skip_import_rotation", .bool, "Leave the password alone until the first change is due."),
                ],
                exists: { try await staticRoles.find(try name($0)) != nil }
            )
            .reading("Read a static role.") { .data(try await staticRoles.existing(try name($0)).shown) }
            .updatingWithoutAnswer("Create or change a static role. Creating one changes the password at once.") {
                try await writeStaticRole($0)
            }
            .deleting("Delete a static role. The user and its password stay.") { request in
                let name = try name(request)
                try await lines.inTurn("static-role/" + name) { try await deleteStaticRole(name) }
            },
        ]
    }

    private func writeStaticRole(_ request: Request) async throws {
        let name = try name(request)
        let isNew = try await lines.inTurn("static-role/" + name) {
            let found = try await staticRoles.find(name)
            let role = try changed(found?.value, by: request.fields)
            let (configuration, entry) = try await database(role.database)
            guard configuration.allows(role: name) else {
                throw CofferError.invalid("\"\(name)\" is not an allowed role of the connection \"\(role.database)\"")
            }
            guard SafeName.isSafe(role.username), role.username.utf8.count <= entry.plugin.usernameBytesMax else {
                throw CofferError.invalid("field 'username' may have letters, digits and _ - . @ + :")
            }
            guard role.username != configuration.username else {
                throw CofferError.invalid("this is the user that Coffer logs in with; change its password with rotate-root")
            }
            do throws(DatabaseError) { try entry.plugin.checkStatements(role.statements) } catch {
                throw CofferError.refused("rotation_statements", error)
            }
            if found == nil, try await roles.find(name) != nil {
                throw CofferError.invalid("a role of this name exists; the two may not share a name")
            }
            try await save(name, role, replacing: found)
            return found == nil
        }
        guard isNew, !request.fields.flag("skip_import_rotation") else { return }
        do {
            try await rotate(name)
        } catch {
            // If the password is certain not to have changed, the role is removed again, so that the request has no effect.
            if try await staticRoles.find(name)?.value.pendingPassword == nil { try await deleteStaticRole(name) }
            guard let refusal = error as? CofferError, refusal.code == .internal else { throw error }
            throw CofferError.invalid("the password of this user cannot be changed: " + refusal.messages.joined())
        }
    }

    private func changed(_ old: StaticRole?, by fields: Fields) throws(CofferError) -> StaticRole {
        let rotation = try rotation(fields, old?.rotation)
        guard let old else {
            let first = fields.flag("skip_import_rotation") ? rotation.next(after: now) : now
            var role = StaticRole(rotation: rotation, nextRotationAt: first)
            try role.update(fields)
            return role
        }
        var role = old
        try role.update(fields)
        guard role.username == old.username else { throw .invalid("cannot update static account username") }
        guard role.database == old.database else { throw .invalid("cannot update the database of a static role") }
        if role.rotation != rotation {
            role.rotation = rotation
            role.plan(rotation.next(after: role.rotatedAt ?? now))
        }
        return role
    }

    private func rotation(_ fields: Fields, _ old: Rotation?) throws(CofferError) -> Rotation {
        switch (fields.duration("rotation_period"), fields.string("rotation_schedule"), fields.duration("rotation_window")) {
        case (nil, nil, nil):
            guard let old else {
                throw .invalid("one of rotation_period or rotation_schedule is required to create a static account")
            }
            return old
        case (let period?, nil, nil):
            guard period >= 5 else { throw .invalid("rotation_period must be 5 seconds or more") }
            return .every(period)
        case (nil, let text, let window):
            var schedule: CronSchedule?
            if case .schedule(let kept, _)? = old { schedule = kept }
            if let text {
                do throws(CronSchedule.Refusal) { schedule = try CronSchedule(text) } catch { throw .invalid(error.rawValue) }
            }
            guard let schedule else { throw .invalid("rotation_window is only for a rotation_schedule") }
            var keptWindow = 0
            if case .schedule(_, let kept)? = old { keptWindow = kept }
            let chosen = window ?? keptWindow
            guard chosen == 0 || chosen >= 3_600 else { throw .invalid("rotation_window must be an hour or more") }
            return .schedule(schedule, window: chosen)
        default:
            throw .invalid(
                "mutually exclusive fields rotation_period and rotation_schedule were both specified; only one can be provided")
        }
    }

    func deleteStaticRole(_ name: String) async throws {
        guard let found = try await staticRoles.find(name) else { return }
        var batch = Batch()
        staticRoles.delete(name, if: found.unchanged, into: &batch)
        batch.delete(Self.dueKey(found.value, name))
        batch.delete("wal/static/" + name)
        try await storage.commit(batch)
    }

    /// Writes a static role together with its entry in the index of due rotations and, if a rotation is unfinished, its
    /// mark.
    func save(
        _ name: String, _ role: StaticRole, replacing found: RecordTable<StaticRole>.Found?
    ) async throws(StorageError) {
        var batch = Batch()
        staticRoles.put(name, role, if: found?.unchanged ?? .absent, into: &batch)
        let (old, new) = (found.map { Self.dueKey($0.value, name) }, Self.dueKey(role, name))
        if let old, old != new { batch.delete(old) }
        batch.put(new, [])
        if role.pendingPassword != nil {
            batch.put("wal/static/" + name, [])
        } else if found?.value.pendingPassword != nil {
            batch.delete("wal/static/" + name)
        }
        try await storage.commit(batch)
    }

    static func dueKey(_ role: StaticRole, _ name: String) -> String {
        let seconds = String(max(0, role.nextRotationAt.seconds))
        return "due/" + String(repeating: "0", count: max(0, 12 - seconds.utf8.count)) + seconds + "/" + name
    }
}
