import EngineKit
import Syntax

/// What the paths of entities and those of groups do differently.
struct MemberHandlers<Member: IdentityMember> {
    /// The member with its article, for summaries.
    var noun: String
    var plural: String
    /// The fields of a write, except for id and name.
    var fields: [Field]
    var write: @Sendable (IdentityTarget, Request) async throws -> Response
    /// Answers a read; throws ``CofferError/notFound`` for nil.
    var answer: @Sendable (Member?) async throws -> Response
    var delete: @Sendable (IdentityTarget) async throws -> Void
    /// What a list by id shows of a member.
    var summary: @Sendable (Member) async throws -> JSONObject
}

extension IdentityEngine {
    /// Returns the paths of entities or of groups: one without an id, and a list and a path for ids and for names.
    func paths<Member: IdentityMember>(_ routes: MemberHandlers<Member>) -> [EnginePath] {
        let (kind, noun) = (Member.kind, routes.noun)
        return [
            EnginePath(PathPattern(kind), "Create or change \(noun).", fields: [Self.idField, Self.nameField] + routes.fields)
                .updating("Create or change \(noun).") { request in
                    let id = request.fields.text("id")
                    return try await routes.write(id.isEmpty ? .any : .id(id), request)
                },
            EnginePath(PathPattern(kind + "/id"), "List \(routes.plural) by id.", fields: Paging.fields)
                .listing("List the ids.") { try await list($0, byName: false, routes) },
            EnginePath(PathPattern(kind + "/id/{id}"), "Manage \(noun) by its id.", fields: [Self.nameField] + routes.fields)
                .reading("Read \(noun).") { try await routes.answer(try await store.read(.id($0.captures["id"]))) }
                .updating("Change \(noun).") { try await routes.write(.id($0.captures["id"]), $0) }
                .deleting("Delete \(noun).") { try await routes.delete(.id($0.captures["id"])) },
            EnginePath(PathPattern(kind + "/name"), "List \(routes.plural) by name.", fields: Paging.fields)
                .listing("List the names.") { try await list($0, byName: true, routes) },
            EnginePath(PathPattern(kind + "/name/{name...}"), "Manage \(noun) by its name.", fields: routes.fields)
                .reading("Read \(noun).") { try await routes.answer(try await store.read(.name($0.captures["name"]))) }
                .updating("Create or change \(noun).") { try await routes.write(.name($0.captures["name"]), $0) }
                .deleting("Delete \(noun).") { try await routes.delete(.name($0.captures["name"])) },
        ]
    }

    private func list<Member: IdentityMember>(
        _ request: Request, byName: Bool, _ routes: MemberHandlers<Member>
    ) async throws -> Response {
        let folder = byName ? IdentityKeys.names(Member.self) : IdentityKeys.records(Member.self)
        var keys: [String] = []
        var info = JSONObject()
        for name in try await page(folder, request, key: byName ? IdentityKeys.folded : { $0 }) {
            let id: String? = byName ? try await store.reading { try await $0.text(folder + name) } : name
            guard let id, let member: Member = try await store.read(.id(id)) else { continue }
            keys.append(byName ? member.name : member.id)
            if !byName { info.members.append(.init(key: member.id, value: .object(try await routes.summary(member)))) }
        }
        return try .keys(keys, info: byName ? nil : info)
    }
}
