import EngineKit
import Identity
import Records
import Syntax

extension IdentityTokens {
    /// The paths `oidc/scope`, `oidc/assignment` and those below them.
    var scopePaths: [EnginePath] {
        [
            EnginePath("oidc/scope", "The scopes that providers can offer.", fields: Paging.fields)
                .listing("List the scopes.") { try .keys(try await scopes.names(Paging($0.fields))) },
            EnginePath(
                "oidc/scope/{name}", "A scope: claims that clients can ask for.", fields: [Self.nameField] + Scope.settings.fields
            )
            .reading("Read a scope.") { .data(try await scopes.existing(try ObjectName.of($0)).shown) }
            .updatingWithoutAnswer("Create or change a scope.", writeScope)
            .deleting("Delete a scope.") { request in
                let name = try ObjectName.of(request)
                try await delete(name, from: scopes, as: .scope(name))
            },
            EnginePath("oidc/assignment", "The assignments of entities and groups to clients.", fields: Paging.fields)
                .listing("List the assignments.", listAssignments),
            EnginePath(
                "oidc/assignment/{name}", "An assignment: who may log in to the clients that name it.",
                fields: [Self.nameField] + Assignment.settings.fields
            )
            .reading("Read an assignment.") { request in
                let name = try ObjectName.of(request)
                if name == Assignment.allowAll { return .data(["entity_ids": ["*"], "group_ids": ["*"]]) }
                return .data(try await assignments.existing(name).shown)
            }
            .updating("Create or change an assignment.", writeAssignment)
            .deleting("Delete an assignment.", deleteAssignment),
        ]
    }

    private func writeScope(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        guard name != Scope.openID else { throw CofferError.invalid("the \"openid\" scope name is reserved") }
        _ = try await write(name, in: scopes, as: "scopes", new: Scope(), request.fields)
    }

    /// Creates or changes a record that refers to no other.
    private func write<Value: Record & SettingsRecord>(
        _ name: String, in table: RecordTable<Value>, as kind: String, new: Value, _ fields: Fields
    ) async throws -> Value {
        try await change { batch in
            let found = try await table.find(name)
            if found == nil { try await checkRoom(for: kind, in: table) }
            var value = found?.value ?? new
            try value.update(fields)
            table.put(name, value, if: found?.unchanged ?? .absent, into: &batch)
            return value
        }
    }

    // MARK: Assignments

    private func listAssignments(_ request: Request) async throws -> Response {
        let paging = Paging(request.fields)
        var names = try await assignments.names(paging)
        // The one that is not stored, at its place among the others.
        let isAfterStart = paging.after.map { $0.utf8.lexicographicallyPrecedes(Assignment.allowAll.utf8) } ?? true
        let isLast = names.last.map { $0.utf8.lexicographicallyPrecedes(Assignment.allowAll.utf8) } ?? true
        if isAfterStart, !isLast || names.count < paging.limit {
            names.append(Assignment.allowAll)
            names = Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(paging.limit))
        }
        return try .keys(names)
    }

    private func writeAssignment(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        guard name != Assignment.allowAll else {
            throw CofferError.invalid("modification of assignment \"allow_all\" not allowed")
        }
        let written = try await write(name, in: assignments, as: "assignments", new: Assignment(), request.fields)
        return Response(.none, warnings: try await unknown(written))
    }

    /// Returns warnings about entities and groups of an assignment that do not exist, and so let in nobody.
    private func unknown(_ assignment: Assignment) async throws -> [String] {
        var (entities, groups) = (0, 0)
        for id in assignment.entityIDs where try await !identity.hasEntity(id) { entities += 1 }
        for id in assignment.groupIDs where try await !identity.hasGroup(id) { groups += 1 }
        return [(entities, "entity_ids", "entities"), (groups, "group_ids", "groups")].filter { $0.0 > 0 }
            .map { count, field, kind in
                "\(count) of the \(field) belong to no \(kind): ids are those that identity/\(kind == "groups" ? "group" : "entity")/id lists."
            }
    }

    private func deleteAssignment(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        guard name != Assignment.allowAll else {
            throw CofferError.invalid("deletion of assignment \"allow_all\" not allowed")
        }
        try await delete(name, from: assignments, as: .assignment(name))
    }
}
