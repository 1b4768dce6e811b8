import Core
import EngineKit
import HTTPShell
import Logging
import Syntax

extension ServiceExchange {
    // MARK: One secret

    /// Reads a secret: the most frequent request. It needs one internal request, and the path is made canonical only there.
    func readSecret(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let folder = settings.mount + "data/"
        let answered = try await answered(.read, folder + wire)
        switch answered.outcome {
        case .success(let response):
            let full = answered.path.utf8.dropFirst(folder.utf8.count)
            guard let place = SecretPlace(full: String(Substring(full))) else { throw .notFound }
            return ShellResponse(status: 200, body: SecretRecord.encoded(place, response))
        case .failure(let error):
            // An invalid path is refused as such.
            throw secretError(error, "read", of: try await place(wire))
        }
    }

    func createSecret() async throws(ServiceError) -> ShellResponse {
        let new = try await reading { () throws(ServiceError) in try NewSecret(try RequestBody(request.body)) }
        var written = try await write(new, checkAndSet: 0)
        if case .failure(let error) = written, error.isCheckAndSetMismatch {
            // The secret existed before. If it is deleted, a new one continues its history.
            guard let deleted = try await deletedVersion(new.place) else { throw Self.exists(new.place) }
            written = try await write(new, checkAndSet: deleted)
        }
        if case .failure(let error) = written, error.isCheckAndSetMismatch { throw Self.exists(new.place) }
        let metadata = try object(written, "write", of: new.place)
        await register(new.place.project)
        return answer(201, .object(SecretRecord(new.place, metadata: metadata, value: .string(new.value)).shown))
    }

    func rotateSecret(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let place = try await place(wire)
        let (value, expected) = try await reading { () throws(ServiceError) in
            let body = try RequestBody(request.body)
            return (try body.filledText("value"), try body.positiveInt("expected_version"))
        }
        var body: JSONObject = ["data": ["value": .string(value)]]
        if let expected { body["options"] = ["cas": .int(expected)] }
        let written = try await ask(.patch, data(place), body: body)
        if case .failure(let error) = written, error.isCheckAndSetMismatch {
            throw ServiceError(
                409, "Secret '\(place.path)' in project '\(place.project)' is not at the expected version; read it again")
        }
        let metadata = try object(written, "write", of: place)
        return answer(200, .object(SecretRecord(place, metadata: metadata, value: .string(value)).shown))
    }

    func deleteSecret(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let place = try await place(wire)
        let isThere = try await isThere(place)
        // Sent even if the secret does not exist: only callers that may delete it learn whether it exists.
        _ = try object(try await ask(.delete, data(place)), "delete", of: place)
        guard isThere else { throw .noSecret(place) }
        return ShellResponse(status: 204)
    }

    func listVersions(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let place = try await place(wire)
        let history = try object(try await ask(.read, metadata(place)), "read", of: place)["versions"]?.objectValue ?? [:]
        guard !history.isEmpty else { throw .noSecret(place) }
        let versions = history.members.map { member -> JSON in
            [
                "version": .number(member.key), "updated_at": member.value["created_time"] ?? "",
                "updated_by": member.value["created_by"] ?? "",
            ]
        }
        return answer(200, .array(versions))
    }

    // MARK: Parts

    private func place(_ wire: Substring) async throws(ServiceError) -> SecretPlace {
        try await reading { () throws(ServiceError) in try SecretPlace(wire: wire) }
    }

    func data(_ place: SecretPlace) -> String { settings.mount + "data/" + place.full.pathEncoded }
    func metadata(_ place: SecretPlace) -> String { settings.mount + "metadata/" + place.full.pathEncoded }

    private func write(_ new: NewSecret, checkAndSet: Int) async throws(ServiceError) -> Result<Response, CofferError> {
        try await ask(
            .update, data(new.place),
            body: ["data": ["value": .string(new.value)], "options": ["cas": .int(checkAndSet)]])
    }

    /// Returns the number of the newest version if it is deleted. Also returns nil if the caller may not know.
    private func deletedVersion(_ place: SecretPlace) async throws(ServiceError) -> Int? {
        guard case .success(let response) = try await ask(.read, metadata(place)),
            let current = response.object["current_version"]?.intValue
        else { return nil }
        guard let newest = response.object["versions"]?[String(current)] else { return current }
        let isGone = newest["destroyed"]?.boolValue == true || newest["deletion_time"]?.stringValue?.isEmpty == false
        return isGone ? current : nil
    }

    /// Whether the secret exists. Also true if the caller may not know.
    private func isThere(_ place: SecretPlace) async throws(ServiceError) -> Bool {
        switch try await ask(.read, metadata(place)) {
        case .success: try await deletedVersion(place) == nil
        case .failure(let error): error.code != .notFound
        }
    }

    /// Registers the project of a secret that was just stored, so that callers need not do it. The secret is stored
    /// already, so errors are not reported to the caller; the next secret that is created in the project registers it.
    private func register(_ project: String) async {
        guard Self.isProjectName(project) else { return }
        do throws(ServiceError) {
            // An existing project must not get further secrets, so only its absence counts.
            guard case .failure(let error) = try await ask(.read, record(project)), error.code == .notFound else { return }
            try await makeProjectSecrets(project)
            // Fails if the caller may not register projects, or if two first secrets are stored at the same time.
            _ = try await ask(.update, record(project), body: ["must_be_new": true, "implicit": true])
        } catch {
            noteUnregistered(error.status)
        }
    }

    private func noteUnregistered(_ status: Int) {
        dialect.logger.warning(
            "a secret was stored, but its project could not be registered; creating the next secret in the project tries again",
            metadata: ["request_id": "\(request.id)", "status": "\(status)"])
    }

    private static func exists(_ place: SecretPlace) -> ServiceError {
        ServiceError(409, "Secret '\(place.resource)' already exists")
    }

    /// Returns the object that a request about a secret was answered with, or throws its error in the words of this dialect.
    private func object(
        _ answer: Result<Response, CofferError>, _ action: String, of place: SecretPlace
    ) throws(ServiceError) -> JSONObject {
        try answer.mapError { secretError($0, action, of: place) }.get().object
    }

    func secretError(_ error: CofferError, _ action: String, of place: SecretPlace) -> ServiceError {
        switch error.code {
        case .permissionDenied: denied(action, place.resource)
        case .notFound: .noSecret(place)
        default: ServiceError(error)
        }
    }
}

extension CofferError {
    var isCheckAndSetMismatch: Bool {
        code == .invalidRequest && messages == CofferError.checkAndSetMismatch.messages
    }
}

/// The body of a request that creates a secret.
struct NewSecret {
    var place: SecretPlace
    var value: String

    init(_ body: RequestBody) throws(ServiceError) {
        let project = try body.requiredText("project")
        guard ServiceExchange.isProjectName(project) else { throw .invalid("project", ServiceExchange.projectNameRule) }
        let path = try Self.path(body)
        value = try body.filledText("value")
        place = SecretPlace(project: project, path: path)
    }

    private static func path(_ body: RequestBody) throws(ServiceError) -> String {
        let parts = ["scope", "env", "name"]
        guard let path = try body.text("path") else {
            guard parts.contains(where: body.has) else {
                throw .invalid("path", "is required, unless scope, env and name are sent")
            }
            var segments: [String] = []
            for part in parts {
                let text = try body.requiredText(part)
                guard !text.isEmpty, !text.containsUTF8("/") else { throw .invalid(part, "must be one segment of a path") }
                segments.append(try check(text, part))
            }
            return try check(segments.joined(separator: "/"), "name")
        }
        guard !parts.contains(where: body.has) else { throw .invalid("path", "must not be sent together with scope, env and name") }
        return try check(path, "path")
    }

    private static func check(_ text: String, _ field: String) throws(ServiceError) -> String {
        let canonical: CanonicalPath
        do throws(CanonicalPath.Refusal) {
            canonical = try CanonicalPath(decoded: text)
        } catch {
            throw .invalid(field, "is not acceptable: \(error.rawValue)")
        }
        guard !canonical.isFolder else { throw .invalid(field, "must not end in '/'") }
        guard text.unicodeScalars.count <= ServiceExchange.textMax else {
            throw .invalid(field, "must be at most \(ServiceExchange.textMax) characters long")
        }
        guard text != "versions", !text.hasUTF8Suffix("/versions") else { throw .invalid(field, "must not end in 'versions'") }
        return canonical.text
    }
}
