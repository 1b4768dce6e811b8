import Core
import EngineKit
import HTTPShell
import Syntax

/// The secrets that every new project is made with. They are written as `system`, which no caller can be.
extension ServiceExchange {
    /// Writes those that are not there. A project that was made halfway before is finished so.
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

    /// With a project that nobody has put anything else into.
    func deleteProjectSecrets(_ project: String) async throws(ServiceError) {
        for secret in settings.projectSecrets {
            let path = settings.mount + "metadata/" + SecretPlace(project: project, path: secret.name).full.pathEncoded
            if case .failure(let error) = try await asSystem(.delete, path), error.code != .notFound { throw ServiceError(error) }
        }
    }

    /// Nobody has given it another value.
    func isAsMade(_ name: String, _ info: JSONObject) -> Bool {
        settings.projectSecrets.contains { $0.name == name } && info["current_version"]?.intValue == 1
            && info["created_by"]?.stringValue ?? "system" == "system"
    }

    /// Whether the caller may register a project of this name at all; asked before anything is made for it.
    func checkMayRegister(_ name: String) async throws(ServiceError) {
        if case .failure(let error) = try await ask(.update, record(name), body: ["only_checks": true]) {
            throw projectError(error, "write", of: name)
        }
    }

    private func asSystem(
        _ operation: Operation, _ path: String, body: JSONObject? = nil
    ) async throws(ServiceError) -> Result<Response, CofferError> {
        let answer = await dialect.pipeline.handle(
            CoreRequest(
                id: request.id, operation: operation, path: path, body: body?.encoded() ?? [],
                credentials: .inline(dialect.directory.systemCredentials), connection: request.connection))
        guard answer.inlineRefusal == nil else { throw ServiceError(500, "The server could not act for itself") }
        return answer.outcome
    }
}
