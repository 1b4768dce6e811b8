import EngineKit
import Syntax

extension UserSecretsEngine {
    /// `{owner}/trash`: shows deleted secrets.
    var trash: EnginePath {
        EnginePath(
            "{owner}/trash", "Show deleted secrets, without their values.",
            details: "A deleted secret can be restored for \(TrashedSecret.daysKept) days.",
            fields: [Self.ownerField] + Paging.fields
        )
        .reading("List deleted secrets, the last deleted first.", readTrash)
        .listing("List deleted secrets, the last deleted first.", readTrash)
    }

    /// `{owner}/trash/{id}`: deletes a secret for good.
    var trashedSecret: EnginePath {
        EnginePath(
            "{owner}/trash/{id}", "Delete a secret of the trash for good, with all its values.",
            fields: [Self.ownerField, Self.idField]
        )
        .deleting("Delete the secret for good.") { request in
            guard try await store.purge(try id(request), in: try records(request), by: request.accessor) else {
                throw CofferError.notFound
            }
        }
    }

    /// `{owner}/trash/{id}/restore`: takes a secret out of the trash.
    var takeBack: EnginePath {
        EnginePath(
            "{owner}/trash/{id}/restore", "Take a secret out of the trash, with its id and its versions.",
            fields: [Self.ownerField, Self.idField]
        )
        .updating("Take the secret out of the trash.") { request in
            let records = try records(request)
            guard let loaded = try await store.takeBack(try id(request), in: records, by: request.accessor) else {
                throw CofferError.notFound
            }
            return .data(try await answer(loaded, from: records))
        }
    }

    private func readTrash(_ request: Request) async throws -> Response {
        let records = try records(request)
        let paging = Paging(request.fields)
        let all = try await store.trash(of: records)
        var start = 0
        if let after = paging.after {
            guard let index = all.firstIndex(where: { $0.secret.id.text == after }) else {
                throw UserSecretsFailure.invalidField("after", "must be the 'next' of an earlier answer; start again")
            }
            start = index + 1
        }
        let page = all[start...].prefix(paging.limit)
        let now = store.time.now()
        let rows: [JSON] = page.map { trashed in
            var shown = SecretAnswer(
                secret: trashed.secret, usage: Usage(), isDefault: false, owner: records.owner, now: now
            ).shown
            for name in ["last_used_at", "usage_count", "last_used_in_workflow"] { shown[name] = nil }
            shown["deleted_at"] = .time(trashed.deletedAt)
            shown["deleted_by"] = .string(trashed.deletedBy)
            shown["purge_at"] = .time(trashed.purgeAt)
            return .object(shown)
        }
        let isLast = start + page.count == all.count
        return .data([
            "secrets": .array(rows), "total": .int(all.count),
            "next": .optional(isLast ? nil : page.last?.secret.id.text),
        ])
    }
}
