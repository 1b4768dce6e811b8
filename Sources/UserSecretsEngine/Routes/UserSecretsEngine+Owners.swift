import EngineKit
import Records
import Syntax

extension UserSecretsEngine {
    /// `owners`: lists the owners.
    var owners: EnginePath {
        EnginePath("owners", "List the owners of secrets.", fields: Paging.fields, access: .sudo, allowsFolder: true)
            .listing("List owners.") { request in
                try .keys(try await OwnedRecords.owners(in: store.storage, Paging(request.fields)))
            }
    }

    /// `owners/{owner}`: deletes everything of an owner.
    var owner: EnginePath {
        EnginePath(
            "owners/{owner}", "Delete everything of an owner.",
            details:
                "The owner's key is destroyed before this answers, so that nothing of it can be read any more. What is left of the "
                + "records is deleted in the background if there is much.",
            fields: [Self.ownerField], access: .sudo
        )
        .adding(.delete, .init("Destroy the owner's key, and delete everything of it.", deleteOwner))
    }

    /// `{owner}/rotate`: replaces the data key.
    var rotate: EnginePath {
        EnginePath(
            "{owner}/rotate", "Replace a user's data key.",
            details:
                "New values are sealed with the new key at once. The others are sealed again in the background; until then both "
                + "versions open. Read 'keys' of the owner for the progress.",
            fields: [Self.ownerField]
        )
        .updating("Make a new version of the data key.", rotateKey)
    }

    private func deleteOwner(_ request: Request) async throws -> Response {
        let owner = try Owner(request.captures["owner"])
        guard try await deletion.begin(owner) else { throw CofferError.notFound }
        let (deleted, isDone) = try await deletion.sweep(owner)
        return .data([
            "owner": .string(owner.text), "key_destroyed": true, "deleted_records": .int(deleted), "complete": .bool(isDone),
        ])
    }

    private func rotateKey(_ request: Request) async throws -> Response {
        let records = try records(request)
        guard let number = try await rotation.begin(records) else { throw CofferError.notFound }
        return .data(["key_version": .int(number)])
    }
}
