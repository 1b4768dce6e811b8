import EngineKit
import Records
import Syntax

extension ConnectionsEngine {
    // MARK: Status

    /// `status/{owner}`: the state of an owner's connections.
    var status: EnginePath {
        EnginePath(
            "status/{owner}", "Show which platforms an owner is connected to.",
            fields: [
                Self.nameFields[0], Field("environment", .string, default: "prod", "The environment; prod by default."),
                Field("state", .string, "Show only platforms in this state; `missing` means not_connected."),
                Field("detailed", .bool, default: false, "Include the scopes, times and failures of each connection."),
            ]
        )
        .reading("List every platform with its state.", readStatus)
    }

    /// Lists every known platform, and platforms whose profile was removed after a connection was stored.
    private func readStatus(_ request: Request) async throws -> Response {
        let owner = try Owner(request.captures["owner"])
        guard let place = Slug.folded(request.fields.text("environment")) else { throw Self.badEnvironment }
        let wanted = try request.fields.string("state").map(state)
        let isDetailed = request.fields.flag("detailed")
        var found: [String: JSONObject] = [:]
        if let key = try await store.owner(owner), !key.isDeleting {
            let names = try await store.storage.list(
                Listing(prefix: ConnectionStore.Key.tokens(of: owner) + place + "/", limit: PlatformCatalog.profilesMax))
            for name in names {
                let id = ConnectionID(owner: owner, environment: place, platform: name)
                guard let grant = try await store.load(id, owner: key)?.grant else { continue }
                found[name] = isDetailed ? described(grant, id) : ["status": .string(shownState(grant, name).rawValue)]
            }
        }
        var rows: [JSON] = []
        for name in Set(environment.catalog.names + found.keys).sorted() {
            let status = found[name]?["status"]?.stringValue ?? "not_connected"
            if let wanted, wanted != status { continue }
            var row: JSONObject = ["platform": .string(name), "status": .string(status)]
            for member in found[name] ?? .init() where row[member.key] == nil { row[member.key] = member.value }
            rows.append(.object(row))
        }
        return .data(["connected_platforms": .array(rows)])
    }

    /// Returns the name of a state as answers show it.
    private func state(_ text: String) throws(CofferError) -> String {
        if text == "missing" || text == "not_connected" { return "not_connected" }
        guard let state = Grant.State(rawValue: text) else {
            throw .invalid("field 'state' must be active, token_expired, refresh_failing, revoked or not_connected")
        }
        return state.rawValue
    }

    // MARK: Owners

    /// `owners`: lists the owners that have connections.
    var owners: EnginePath {
        EnginePath(
            "owners", "List the owners that have connections.",
            fields: Paging.fields + [Field("kind", .string, "List only owners of this kind: user or project.")],
            allowsFolder: true
        )
        .listing("List owners.") { request in
            var paging = Paging(request.fields)
            let kind = request.fields.string("kind")
            // Names begin with their kind, so the owners of one kind are adjacent in the list.
            if let kind, Owner.Kind(rawValue: kind) != nil, (paging.after ?? "") < kind + ":" { paging.after = kind + ":" }
            let names = try await store.storage.list(Listing(prefix: ConnectionStore.Key.owners, paging))
            return try .keys(kind.map { kind in names.filter { $0.hasUTF8Prefix(kind + ":") } } ?? names)
        }
    }

    /// `owners/{owner}`: shows what an owner has, and deletes all of it.
    var owner: EnginePath {
        EnginePath("owners/{owner}", "Show or delete an owner's connections.", fields: [Self.nameFields[0]])
            .reading("List the owner's connections, without tokens.") { request in
                let owner = try Owner(request.captures["owner"])
                guard let key = try await store.owner(owner) else { throw CofferError.notFound }
                let names = try await store.connections(of: owner)
                return .data([
                    "owner": .string(owner.description), "deleting": .bool(key.isDeleting),
                    "connections": .strings(names.map { "\($0.environment)/\($0.platform)" }),
                ])
            }
            .adding(.delete, .init("Revoke and delete all connections of the owner, and its key.", deleteOwner))
    }

    /// Deletes an owner. Deleting one that does not exist is not an error.
    private func deleteOwner(_ request: Request) async throws -> Response {
        let owner = try Owner(request.captures["owner"])
        let counts = try await remove(owner, by: Author(request))
        return .data([
            "owner": .string(owner.description), "deleted": .int(counts.values.reduce(0, +)),
            "revocations": .object(
                JSONObject(
                    counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { .init(key: $0.key.rawValue, value: .int($0.value)) })),
        ])
    }

    /// Deletes an owner: marks it, so that nothing of it is read or written any more, then deletes each connection, and finally
    /// its key. ``OwnerCleanup`` completes a deletion that a crash interrupted.
    ///
    /// The deletion continues if its caller disconnects, so that no revocation at a provider is left half done.
    ///
    /// - Returns: How many connections had each outcome at their provider.
    func remove(_ owner: Owner, by author: Author) async throws -> [Revocation: Int] {
        try await Task { try await removeAll(owner, by: author) }.value
    }

    private func removeAll(_ owner: Owner, by author: Author) async throws -> [Revocation: Int] {
        guard try await mark(owner) else { return [:] }
        var counts: [Revocation: Int] = [:]
        while true {
            let page = try await store.connections(of: owner, limit: 200)
            if page.isEmpty { break }
            for outcome in try await destroy(page, by: author) { counts[outcome, default: 0] += 1 }
        }
        var batch = Batch()
        batch.delete(ConnectionStore.Key.owner(owner))
        batch.delete(ConnectionStore.Key.deletion(owner))
        try await store.storage.commit(batch)
        environment.events.emit(
            ConnectionEvent(
                level: .info, name: .ownerDeleted, message: "owner deleted", engine: author.name, owner: owner.description,
                environment: "", platform: "", requestID: author.requestID, code: nil, at: time.now()))
        return counts
    }

    /// Marks the owner as being deleted. Returns false if there is no such owner.
    private func mark(_ owner: Owner) async throws -> Bool {
        try await store.storage.transact { batch throws(StorageError) in
            do throws(StorageError) {
                guard var key = try await store.owner(owner) else { return false }
                if key.isDeleting { return true }
                key.isDeleting = true
                batch.put(ConnectionStore.Key.owner(owner), key.encoded, if: .version(key.version))
            } catch {
                // An owner whose key cannot be read can still be deleted.
                guard case .corrupted = error else { throw error }
            }
            batch.put(ConnectionStore.Key.deletion(owner), [])
            return true
        }
    }

    /// Destroys connections, eight at a time.
    private func destroy(_ page: [ConnectionID], by author: Author) async throws -> [Revocation] {
        try await withThrowingTaskGroup(of: Revocation?.self) { group in
            var outcomes: [Revocation] = []
            for (index, id) in page.enumerated() {
                if index >= 8, let outcome = try await group.next() ?? nil { outcomes.append(outcome) }
                group.addTask { try await destroy(id, by: author) }
            }
            for try await outcome in group { if let outcome { outcomes.append(outcome) } }
            return outcomes
        }
    }
}
