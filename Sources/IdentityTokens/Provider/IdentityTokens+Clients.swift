import EngineKit
import Identity
import Records
import Syntax

extension IdentityTokens {
    /// The paths `oidc/client` and `oidc/client/…`.
    var clientPaths: [EnginePath] {
        [
            EnginePath("oidc/client", "The programs that people log in to.", fields: Paging.fields)
                .listing("List the clients.") { request in
                    var info = JSONObject()
                    let names = try await clients.names(Paging(request.fields, limitMax: Self.pageMax))
                    for name in names {
                        guard let client = try await clients.findUnlessDamaged(name).found?.value else { continue }
                        info.members.append(.init(key: name, value: .object(client.shown)))
                    }
                    return try .keys(names, info: info)
                },
            EnginePath(
                "oidc/client/{name}", "A program that people log in to.", fields: [Self.nameField] + Client.settings.fields
            )
            .reading("Read a client, with its secret.") { request in
                let client = try await clients.existing(try ObjectName.of(request))
                var shown = client.shown
                if client.kind == .confidential { shown["client_secret"] = .string(client.secret) }
                return .data(shown)
            }
            .updating("Create or change a client.", writeClient)
            .deleting("Delete a client. Its codes and access tokens end.", deleteClient),
        ]
    }

    /// The number of names in one page of a listing that reads a record for each.
    static let pageMax = 1_000

    /// Returns the client with this client id and its name, or nil if there is none.
    func client(id: String) async throws -> (name: String, client: Client)? {
        guard let name = try await clientName(id: id), let client = try await clients.find(name)?.value,
            client.clientID.equalsUTF8(id)
        else { return nil }
        return (name, client)
    }

    /// Returns the name that the index has for a client id, or nil if it has none.
    func clientName(id: String) async throws(StorageError) -> String? {
        guard (1...KeySettings.clientIDBytesMax).contains(id.utf8.count), id.utf8.allSatisfy({ $0.isASCIILetterOrDigit }),
            let index = try await storage.get(Self.clientIDKey(id))
        else { return nil }
        return String(decoding: index.value, as: UTF8.self)
    }

    private static func clientIDKey(_ id: String) -> String { "client-id/\(id)" }

    private func writeClient(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        let newID = randomText(Self.clientIDCharacters)
        let newSecret = Client.secretPrefix + randomText(Client.secretCharacters)
        // Made before it is referred to.
        let key = request.fields.text("key")
        if key.isEmpty || key == NamedKeys.defaultName { _ = try await keys.find(NamedKeys.defaultName) }
        let warnings = try await change { batch in
            let found = try await clients.find(name)
            if found == nil { try await checkRoom(for: "clients", in: clients) }
            var client = found?.value ?? Client()
            try client.update(request.fields)
            if let old = found?.value {
                guard client.kind == old.kind else { throw CofferError.invalid("client_type modification is not allowed") }
                guard client.key.equalsUTF8(old.key) else { throw CofferError.invalid("key modification is not allowed") }
            } else {
                client.clientID = newID
                if client.kind == .confidential { client.secret = newSecret }
                batch.put(Self.clientIDKey(newID), Array(name.utf8), if: .absent)
            }
            let warnings = try await checkKey(
                client.key, clientID: client.clientID, lifetime: client.idTokenTTL, of: "client's id_token_ttl")
            for assignment in client.assignments where assignment != Assignment.allowAll {
                guard try await assignments.find(assignment) != nil else {
                    throw CofferError.invalid("assignment \"\(assignment)\" does not exist")
                }
            }
            refer(
                Referrer(.client, name), from: found.map { Self.references(of: $0.value) } ?? [],
                to: Self.references(of: client), in: &batch)
            clients.put(name, client, if: found?.unchanged ?? .absent, into: &batch)
            return warnings
        }
        return Response(.none, warnings: warnings)
    }

    private static func references(of client: Client) -> Set<Referenced> {
        Set([.key(client.key)] + client.assignments.filter { $0 != Assignment.allowAll }.map { .assignment($0) })
    }

    private func deleteClient(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        try await change { batch in
            guard let found = try await clients.find(name) else { return }
            refer(Referrer(.client, name), from: Self.references(of: found.value), to: [], in: &batch)
            batch.delete(Self.clientIDKey(found.value.clientID))
            clients.delete(name, if: found.unchanged, into: &batch)
        }
    }
}
