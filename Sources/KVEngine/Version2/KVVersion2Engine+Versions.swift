import EngineKit

extension KVVersion2Engine {
    private static let versionsField = Field("versions", .ints, "The numbers of the versions.")

    var delete: EnginePath {
        EnginePath(
            "delete/{path...}", "Deletes versions; they can be undeleted.", fields: [Self.versionsField],
            endpoints: [
                .update: endpoint("Delete versions of a secret.") { request in
                    try await change(request) { [time] edit, versions in edit.delete(versions, at: time.now()) }
                }
            ])
    }

    var undelete: EnginePath {
        EnginePath(
            "undelete/{path...}", "Undeletes versions.", fields: [Self.versionsField],
            endpoints: [
                .update: endpoint("Undelete versions of a secret.") { request in
                    try await change(request) { edit, versions in edit.undelete(versions) }
                }
            ])
    }

    var destroy: EnginePath {
        EnginePath(
            "destroy/{path...}", "Deletes the data of versions permanently.", fields: [Self.versionsField],
            endpoints: [
                .update: endpoint("Destroy versions of a secret.") { request in
                    try await change(request) { edit, versions in edit.destroy(versions) }
                }
            ])
    }

    private func change(_ request: Request, _ body: (inout HeadEdit, [Int]) -> Void) async throws -> Response {
        let path = try request.secretPath
        guard let versions = request.fields.ints("versions"), !versions.isEmpty else {
            throw CofferError.invalid("No version number provided")
        }
        try await secrets.edit(path) { edit in body(&edit, versions) }
        return .empty
    }
}
