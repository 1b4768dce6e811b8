import Core
import EngineKit
import HTTPShell
import Syntax

/// The secrets that every new project gets. They are written by the service `system`, which no caller can be.
extension ServiceExchange {
    /// Writes the secrets that are missing. This also completes a project whose creation was interrupted.
    func makeProjectSecrets(_ project: String) async throws(ServiceError) {
        for secret in settings.projectSecrets {
            let value = secret.value(dialect.directory.randomness)
            let made = try await asSystem(
                .update, data(SecretPlace(project: project, path: secret.name)),
                body: ["data": ["value": .string(value)], "options": ["cas": 0]])
            switch made {
            case .success: break
            case .failure(let error) where error.isCheckAndSetMismatch: break
            case .failure(let error): throw ServiceError(error)
            }
        }
    }

    /// Deletes the secrets of a project that has no others.
    func deleteProjectSecrets(_ project: String) async throws(ServiceError) {
        for secret in settings.projectSecrets {
            let path = settings.mount + "metadata/" + SecretPlace(project: project, path: secret.name).full.pathEncoded
            if case .failure(let error) = try await asSystem(.delete, path), error.code != .notFound { throw ServiceError(error) }
        }
    }

    /// Whether the secret still has its first value, which the server made.
    func isAsMade(_ name: String, _ info: JSONObject) -> Bool {
        settings.projectSecrets.contains { $0.name == name } && info["current_version"]?.intValue == 1
            && info["created_by"]?.stringValue ?? "system" == "system"
    }

    /// Throws unless the caller may register a project of this name. Called before anything is created for it.
    func checkMayRegister(_ name: String) async throws(ServiceError) {
        _ = try object(try await ask(.update, record(name), body: ["only_checks": true]), "write", of: name)
    }

    private func asSystem(
        _ operation: Operation, _ path: String, body: JSONObject? = nil
    ) async throws(ServiceError) -> Result<Response, CofferError> {
        let answer = await dialect.pipeline.handle(
            CoreRequest(
                id: request.id, operation: operation, path: path, body: body?.encoded() ?? [],
                credentials: .inline(dialect.directory.systemCredentials), connection: request.connection))
        guard answer.inlineRefusal == nil else {
            throw ServiceError(500, "The server could not authenticate itself; try again, and see the log of the server")
        }
        return answer.outcome
    }
}
