import EngineKit

extension IdentityEngine {
    private static let fields = [
        Field("name", .string, "The name."), idField, Field("alias_id", .string, "The id of an alias."),
        Field("alias_name", .string, "The name of an alias; requires alias_mount_accessor."),
        Field("alias_mount_accessor", .string, "The accessor of an alias's mount; requires alias_name."),
    ]

    /// The paths `lookup/entity` and `lookup/group`. A lookup that finds nothing gets an empty answer and no error, as in
    /// Vault.
    var lookupPaths: [EnginePath] {
        [
            EnginePath("lookup/entity", "Find an entity.", fields: Self.fields)
                .updating("Find an entity.", changesNothing: true) { request in
                    guard let entity = try await entity(try query(request)) else { return .empty }
                    return try await answer(entity)
                },
            EnginePath("lookup/group", "Find a group.", fields: Self.fields)
                .updating("Find a group.", changesNothing: true) { request in
                    guard let group = try await group(try query(request)) else { return .empty }
                    return try await answer(group)
                },
        ]
    }

    /// What an entity or group is looked up by.
    private enum Query {
        case name(String)
        case id(String)
        case alias(id: String)
        case place(AliasPlace)
    }

    /// Returns the one criterion that the request gives.
    private func query(_ request: Request) throws(CofferError) -> Query {
        func text(_ name: String) -> String? { request.fields.string(name).flatMap { $0.isEmpty ? nil : $0 } }
        var queries: [Query] = []
        if let name = text("name") { queries.append(.name(name)) }
        if let id = text("id") { queries.append(.id(id)) }
        if let id = text("alias_id") { queries.append(.alias(id: id)) }
        switch (text("alias_name"), text("alias_mount_accessor")) {
        case (nil, nil): break
        case (let name?, let accessor?):
            queries.append(.place(AliasPlace(mountAccessor: accessor, name: mount(accessor)?.aliasName(name) ?? name)))
        default: throw .invalid("both 'alias_name' and 'alias_mount_accessor' must be set")
        }
        guard let query = queries.first else { throw .invalid("query should be supplied") }
        guard queries.count == 1 else { throw .invalid("only one query should be supplied") }
        return query
    }

    private func entity(_ query: Query) async throws -> Entity? {
        switch query {
        case .name(let name): try await store.read(.name(name))
        case .id(let id): try await store.read(.id(id))
        case .alias(let id): try await store.reading { try await store.alias(id, in: &$0)?.entity }
        case .place(let place): try await store.reading { try await $0.entity(at: place) }
        }
    }

    private func group(_ query: Query) async throws -> Group? {
        switch query {
        case .name(let name): try await store.read(.name(name))
        case .id(let id): try await store.read(.id(id))
        case .alias(let id): try await store.groupWithAlias(id)
        case .place(let place):
            try await store.reading { transaction in
                guard let id = try await transaction.text(IdentityKeys.groupAlias(at: place)) else { return nil }
                return try await transaction.group(id)
            }
        }
    }
}
