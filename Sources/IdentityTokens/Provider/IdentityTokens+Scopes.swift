import EngineKit
import Identity
import Records
import Syntax

extension IdentityTokens {
    /// The paths `oidc/scope`, `oidc/assignment` and those below them.
    var scopePaths: [EnginePath] {
        [
            EnginePath(
                "oidc/scope", "The scopes that providers can offer.", fields: Paging.fields,
                endpoints: [
                    .list: .init("List the scopes.", changesNothing: true) { try .keys(try await scopes.names(Paging($0.fields))) }
                ]),
            EnginePath(
                "oidc/scope/{name}", "A scope: claims that clients can ask for.", fields: [Self.nameField] + Scope.settings.fields,
                endpoints: [
                    .read: .init("Read a scope.", changesNothing: true) { request in
                        guard let scope = try await scopes.find(try ObjectName.of(request))?.value else {
                            throw CofferError.notFound
                        }
                        return .data(scope.shown)
                    },
                    .update: .init("Create or change a scope.", writeScope), .delete: .init("Delete a scope.", deleteScope),
                ]),
            EnginePath(
                "oidc/assignment", "The assignments of entities and groups to clients.", fields: Paging.fields,
                endpoints: [.list: .init("List the assignments.", changesNothing: true, listAssignments)]),
            EnginePath(
                "oidc/assignment/{name}", "An assignment: who may log in to the clients that name it.",
                fields: [Self.nameField] + Assignment.settings.fields,
                endpoints: [
                    .read: .init("Read an assignment.", changesNothing: true) { request in
                        let name = try ObjectName.of(request)
                        if name == Assignment.allowAll { return .data(["entity_ids": ["*"], "group_ids": ["*"]]) }
                        guard let assignment = try await assignments.find(name)?.value else { throw CofferError.notFound }
                        return .data(assignment.shown)
                    },
                    .update: .init("Create or change an assignment.", writeAssignment),
                    .delete: .init("Delete an assignment.", deleteAssignment),
                ]),
        ]
    }

    private func writeScope(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        guard name != Scope.openID else { throw CofferError.invalid("the \"openid\" scope name is reserved") }
        try await change { batch in
            let found = try await scopes.find(name)
            var scope = found?.value ?? Scope()
            try scope.update(request.fields)
            scopes.put(name, scope, if: found?.unchanged ?? .absent, into: &batch)
        }
        return .empty
    }

    private func deleteScope(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        try await change { batch in
            guard let found = try await scopes.find(name) else { return }
            try await refuseDeletion(of: .scope(name))
            scopes.delete(name, if: found.unchanged, into: &batch)
        }
        return .empty
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
        try await change { batch in
            let found = try await assignments.find(name)
            var assignment = found?.value ?? Assignment()
            try assignment.update(request.fields)
            assignments.put(name, assignment, if: found?.unchanged ?? .absent, into: &batch)
        }
        return .empty
    }

    private func deleteAssignment(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        guard name != Assignment.allowAll else {
            throw CofferError.invalid("deletion of assignment \"allow_all\" not allowed")
        }
        try await change { batch in
            guard let found = try await assignments.find(name) else { return }
            try await refuseDeletion(of: .assignment(name))
            assignments.delete(name, if: found.unchanged, into: &batch)
        }
        return .empty
    }
}
