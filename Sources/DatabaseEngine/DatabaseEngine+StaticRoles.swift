import DatabaseClients
import Databases
import EngineKit
import Records
import Syntax

extension DatabaseEngine {
    var staticRolePaths: [EnginePath] {
        [
            EnginePath(
                "static-roles", "Static roles.", fields: Paging.fields,
                endpoints: [
                    .list: .init("List static roles.", changesNothing: true) {
                        try .keys(try await staticRoles.names(Paging($0.fields)))
                    }
                ]
            ),
            EnginePath(
                "static-roles/{name}", "One static role: a user whose password is changed on time.",
                fields: [
                    Self.nameField, Field("db_name", .string, "The connection."),
                    Field("username", .string, "The user, which must be there."),
                    Field("rotation_period", .duration, "Between changes, 5 seconds at least."),
                    Field("rotation_schedule", .string, "Instead: five fields of cron, in UTC."),
                    Field(
                        "rotation_window", .duration, "After its time a scheduled change may be late by so much; an hour at least."),
                    Field("rotation_statements", .any, "Instead of the plugin's own."),
                    Field("skip_import_rotation", .bool, "Leave the password alone until the first change is due."),
                ] + Self.credentialFields,
                exists: { try await staticRoles.find(try name($0)) != nil },
                endpoints: [
                    .read: .init("Read a static role.", changesNothing: true) { request in
                        guard let role = try await staticRoles.find(try name(request))?.value else { throw CofferError.notFound }
                        return .data(role.shown)
                    },
                    .update: .init("Make or change a static role. Making one changes the password at once.") {
                        try await writeStaticRole($0)
                    },
                    .delete: .init("Delete a static role. The user and its password stay.") { request in
                        let name = try name(request)
                        try await lines.inTurn("static-role/" + name) { try await deleteStaticRole(name) }
                        return .empty
                    },
                ]),
        ]
    }

    private func writeStaticRole(_ request: Request) async throws -> Response {
        let name = try name(request)
        let isNew = try await lines.inTurn("static-role/" + name) {
            let found = try await staticRoles.find(name)
            var role = try await changed(found?.value, by: request)
            role.statements = try statements("rotation_statements", request) ?? role.statements
            role.passwordPolicy = try passwordPolicy(request) ?? role.passwordPolicy
            let (configuration, entry) = try await database(role.database)
            guard configuration.allows(role: name) else {
                throw CofferError.invalid("\"\(name)\" is not an allowed role of the connection \"\(role.database)\"")
            }
            guard SafeName.isSafe(role.username), role.username.utf8.count <= entry.plugin.usernameBytesMax else {
                throw CofferError.invalid("field 'username' may have letters, digits and _ - . @ + :")
            }
            guard role.username != configuration.username else {
                throw CofferError.invalid("Coffer's own user is rotated with rotate-root")
            }
            do throws(DatabaseError) { try entry.plugin.checkStatements(role.statements) } catch {
                throw CofferError.refused("rotation_statements", error)
            }
            if found == nil, try await roles.find(name) != nil {
                throw CofferError.invalid("a role of this name exists; the two may not share a name")
            }
            var batch = Batch()
            save(name, role, replacing: found, into: &batch)
            try await storage.commit(batch)
            return found == nil
        }
        guard isNew, request.fields.bool("skip_import_rotation") != true else { return .empty }
        do {
            try await rotate(name)
        } catch {
            // Unless it is not known what the user's password is now, it is as if nothing had been asked.
            if try await staticRoles.find(name)?.value.pendingPassword == nil { try await deleteStaticRole(name) }
            guard let refusal = error as? CofferError, refusal.code == .internal else { throw error }
            throw CofferError.invalid("the password of this user cannot be changed: " + refusal.messages.joined())
        }
        return .empty
    }

    private func changed(_ old: StaticRole?, by request: Request) async throws(CofferError) -> StaticRole {
        let fields = request.fields
        guard let database = fields.string("db_name") ?? old?.database, !database.isEmpty else {
            throw .invalid("database name is required to create static role")
        }
        guard let username = fields.string("username") ?? old?.username, !username.isEmpty else {
            throw .invalid("username is a required field to create a static account")
        }
        let rotation = try rotation(fields, old?.rotation)
        guard var role = old else {
            let first = fields.bool("skip_import_rotation") == true ? rotation.next(after: now) : now
            return StaticRole(database: database, username: username, rotation: rotation, nextRotationAt: first)
        }
        guard role.username == username else { throw .invalid("cannot update static account username") }
        guard role.database == database else { throw .invalid("cannot update the database of a static role") }
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

    /// The record, its place in the index of what is due, and the mark of what is unfinished: always together.
    func save(_ name: String, _ role: StaticRole, replacing found: RecordTable<StaticRole>.Found?, into batch: inout Batch) {
        staticRoles.put(name, role, if: found?.unchanged ?? .absent, into: &batch)
        let (old, new) = (found.map { Self.dueKey($0.value, name) }, Self.dueKey(role, name))
        if let old, old != new { batch.delete(old) }
        batch.put(new, [])
        if role.pendingPassword != nil {
            batch.put("wal/static/" + name, [])
        } else if found?.value.pendingPassword != nil {
            batch.delete("wal/static/" + name)
        }
    }

    static func dueKey(_ role: StaticRole, _ name: String) -> String {
        let seconds = String(max(0, role.nextRotationAt.seconds))
        return "due/" + String(repeating: "0", count: max(0, 12 - seconds.utf8.count)) + seconds + "/" + name
    }
}
