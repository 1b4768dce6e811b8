import EngineKit
import HTTPShell
import Syntax

extension ServiceExchange {
    func run(_ route: ServiceRoute) async throws(ServiceError) -> ShellResponse {
        switch route {
        case .listProjects: try await listProjects()
        case .registerProject: try await registerProject()
        case .readProject(let name): try await readProject(name)
        case .changeProject(let name): try await changeProject(name)
        case .deleteProject(let name): try await deleteProject(name)
        case .setDefault(let name): try await setDefault(name)
        case .listSecrets: try await listSecrets()
        case .createSecret: try await createSecret()
        case .testCredentials: try await testCredentials()
        case .readAll(let project): try await readAll(project)
        case .readSecret(let wire): try await readSecret(wire)
        case .rotateSecret(let wire): try await rotateSecret(wire)
        case .deleteSecret(let wire): try await deleteSecret(wire)
        case .versions(let wire): try await listVersions(wire)
        }
    }

    // MARK: Projects

    /// Answers `GET /api/projects?after=&limit=`. Without a limit, all projects are listed. `after` is the name of the last
    /// project of the page before; `Link` has the next page if there is one.
    private func listProjects() async throws(ServiceError) -> ShellResponse {
        let (after, limit) = try await reading { () throws(ServiceError) in
            let query = try ListingQuery(request.query, refusesOthers: false)
            return (query["after"], try query.limit())
        }
        let all = try object(try await ask(.list, settings.projectsMount + "records"), "list", of: "*")
        var projects = (all["projects"]?.arrayValue ?? [])[...]
        let total = projects.count
        if let after {
            projects = projects.drop { !after.utf8.lexicographicallyPrecedes(($0["name"]?.stringValue ?? "").utf8) }
        }
        let page = projects.prefix(limit ?? projects.count)
        var listed = answer(200, .array(Array(page)))
        listed.headers.append(("x-total-count", String(total)))
        if let limit, page.count < projects.count, let last = page.last?["name"]?.stringValue {
            let next = PercentEncoding.form([("after", last), ("limit", String(limit))])
            listed.headers.append(("link", "</api/projects?\(next)>; rel=\"next\""))
        }
        return listed
    }

    private func registerProject() async throws(ServiceError) -> ShellResponse {
        let (name, description) = try await reading { () throws(ServiceError) in
            let body = try RequestBody(request.body)
            let name = try body.requiredText("name")
            guard Self.isProjectName(name) else { throw .invalid("name", Self.projectNameRule) }
            return (name, try body.boundedText("description"))
        }
        // Written before the project itself, so that no project exists without them.
        if !settings.projectSecrets.isEmpty, case .failure(let error) = try await ask(.read, record(name)), error.code == .notFound
        {
            try await checkMayRegister(name)
            try await makeProjectSecrets(name)
        }
        var body: JSONObject = ["must_be_new": true]
        if let description { body["description"] = .string(description) }
        return try await write(name, body, status: 201)
    }

    private func readProject(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let name = try await reading { () throws(ServiceError) in try CanonicalPath(wire: wire).text }
        return answer(200, .object(try object(try await ask(.read, record(name)), "read", of: name)))
    }

    private func changeProject(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let (name, description) = try await reading { () throws(ServiceError) in
            let body = try RequestBody(request.body)
            guard !body.has("name") else { throw .invalid("name", "cannot be changed") }
            return (try CanonicalPath(wire: wire).text, try body.boundedText("description"))
        }
        try await checkExists(name)
        // A request that changes nothing is not an error.
        guard let description else { return try await readProject(wire) }
        return try await write(name, ["description": .string(description)], status: 200)
    }

    /// Writes the record of a project and answers with it.
    private func write(_ name: String, _ body: JSONObject, status: Int) async throws(ServiceError) -> ShellResponse {
        answer(status, .object(try object(try await ask(.update, record(name), body: body), "write", of: name)))
    }

    private func deleteProject(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let name = try await reading { () throws(ServiceError) in try CanonicalPath(wire: wire).text }
        try await checkExists(name)
        guard try await !hasSecrets(name) else {
            throw ServiceError(400, "Cannot delete project '\(name)' with existing secrets. Delete all secrets first.")
        }
        // Deleted before the project itself: an interrupted request can be repeated, and a new project never gets the keys
        // of an old one.
        if !settings.projectSecrets.isEmpty {
            try await deleteRecord(name, body: ["only_checks": true])
            try await deleteProjectSecrets(name)
        }
        try await deleteRecord(name)
        return ShellResponse(status: 204)
    }

    private func deleteRecord(_ name: String, body: JSONObject? = nil) async throws(ServiceError) {
        _ = try object(try await ask(.delete, record(name), body: body), "delete", of: name)
    }

    private func setDefault(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let name = try await reading { () throws(ServiceError) in try CanonicalPath(wire: wire).text }
        let made = try await ask(.update, record(name) + "/default")
        // Every service may know whether the project exists.
        if case .failure(let error) = made, error.code == .permissionDenied { try await checkExists(name) }
        return answer(200, .object(try object(made, "write", of: name)))
    }

    // MARK: Parts

    func record(_ name: String) -> String { settings.projectsMount + "records/" + name.pathEncoded }

    func checkExists(_ name: String) async throws(ServiceError) {
        _ = try object(try await ask(.read, record(name)), "read", of: name)
    }

    /// Returns the object that a request about a project was answered with, or throws its error in the words of this dialect.
    func object(
        _ answer: Result<Response, CofferError>, _ action: String, of name: String
    ) throws(ServiceError) -> JSONObject {
        try answer.mapError { projectError($0, action, of: name) }.get().object
    }

    /// Whether the project has secrets. A folder that the caller may not list counts as one that has.
    private func hasSecrets(_ name: String) async throws(ServiceError) -> Bool {
        var after = ""
        while true {
            var query = [("recursive", "true"), ("limit", "1000")]
            if !after.isEmpty { query.append(("after", after)) }
            let path = settings.mount + "detailed-metadata/" + name.pathEncoded + "/"
            switch try await ask(.list, path, query: query.map { (name: $0.0, value: $0.1) }) {
            case .success(let response):
                let page = ListedSecrets(response.object)
                let isHeld = page.names.contains { secret in
                    secret.hasUTF8Suffix("/") || page.isThere(secret) && !isAsMade(secret, page[secret] ?? [:])
                }
                if isHeld { return true }
                guard page.names.count == 1_000, let last = page.names.last else { return false }
                after = last
            case .failure(let error) where error.code == .notFound: return false
            case .failure(let error): throw projectError(error, "delete", of: name)
            }
        }
    }

    private func projectError(_ error: CofferError, _ action: String, of name: String) -> ServiceError {
        switch error.code {
        case .permissionDenied: denied(action, "project:\(name)")
        case .notFound: .noProject(name)
        case .conflict where action == "write": ServiceError(409, error.messages.first ?? "")
        default: ServiceError(error.code == .invalidRequest ? 422 : 500, error.messages.first ?? "")
        }
    }

    /// The largest length of paths and descriptions, in Unicode characters.
    static let textMax = 500
    static let projectNameRule = "must be 1 to 255 characters without control characters, '/' and '\\'"

    /// Whether a text can name a project: one segment of a path, in any script.
    static func isProjectName(_ text: String) -> Bool {
        guard (1...255).contains(text.unicodeScalars.count), !text.utf8.contains(where: { $0 == 0x2F || $0 == 0x5C }) else {
            return false
        }
        return (try? CanonicalPath(decoded: text))?.text.equalsUTF8(text) ?? false
    }

    static func isPlainName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first.isASCIILetterOrDigit else { return false }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-.".utf8.contains($0) }
    }
}

/// A page of `detailed-metadata`.
struct ListedSecrets {
    var names: [String]
    private let info: [String: JSONObject]

    init(_ data: JSONObject) {
        names = data["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        info = Dictionary(
            (data["key_info"]?.objectValue?.members ?? []).compactMap { member in member.value.objectValue.map { (member.key, $0) }
            },
            uniquingKeysWith: { $1 })
    }

    subscript(_ name: String) -> JSONObject? { info[name] }

    /// Whether the newest version is not deleted.
    func isThere(_ name: String) -> Bool { info[name]?["deleted"]?.boolValue == false }
}
