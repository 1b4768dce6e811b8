import EngineKit

extension KVVersion2Engine {
    var delete: EnginePath {
        versions("delete", "Deletes versions; they can be undeleted.", operation: "Delete versions of a secret.") {
            [time] edit, versions in
            edit.delete(versions, at: time.now())
        }
    }

    var undelete: EnginePath {
        versions("undelete", "Undeletes versions.", operation: "Undelete versions of a secret.") { $0.undelete($1) }
    }

    var destroy: EnginePath {
        versions("destroy", "Deletes the data of versions permanently.", operation: "Destroy versions of a secret.") {
            $0.destroy($1)
        }
    }

    private func versions(
        _ name: String, _ summary: String, operation: String, change: @escaping @Sendable (inout HeadEdit, [Int]) -> Void
    ) -> EnginePath {
        EnginePath(
            PathPattern(name + "/{path...}"), summary, fields: [Field("versions", .ints, "The numbers of the versions.")]
        )
        .updatingWithoutAnswer(operation) { [secrets] request in
            let path = try request.secretPath
            guard let versions = request.fields.ints("versions"), !versions.isEmpty else {
                throw CofferError.invalid("No version number provided")
            }
            try await secrets.edit(path) { edit in change(&edit, versions) }
        }
    }
}
