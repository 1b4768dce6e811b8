package import EngineKit
import Syntax

/// `remote-kv`: a KV version 2 mount of another server. Nothing is kept here; policies and the audit are this server's.
package func remoteKVDescription(_ vault: any RemoteVault, mount: String) -> EngineDescription {
    EngineDescription(
        type: "remote-kv", summary: "Secrets of a KV version 2 mount on another server.", isServersOwn: true
    ) { _ in
        RemoteKVEngine(vault: vault, mount: mount)
    }
}

/// The routes of a KV version 2 mount that the Service API asks, passed on.
///
/// Another server knows this one by one token, so who wrote a version is noted in the secret's custom metadata, as
/// `updated_by_<version>`.
package struct RemoteKVEngine: SecretsEngine {
    let vault: any RemoteVault
    /// Without slashes at its ends.
    let mount: String

    package var paths: [EnginePath] {
        let version = Field("version", .int, "Which version to read. 0, or none, for the newest.")
        let data = [Field("options", .object, "`cas`: the version that is replaced."), Field("data", .object, "What to store.")]
        let versions = Field("versions", .ints, "Which versions.")
        return [
            EnginePath(
                "data/{path...}", "Secrets and their versions.", fields: [version] + data,
                endpoints: [
                    .read: .init("Read a secret.", changesNothing: true, readData), .update: .init("Write a version.", write),
                    .patch: .init("Write a version by a merge patch.", write), .delete: .init("Delete the newest version.", delete),
                ]),
            EnginePath(
                "metadata/{path...}", "What is known about secrets, and lists of them.", fields: Self.listing,
                endpoints: [
                    .read: .init("Read the metadata.", changesNothing: true, readMetadata),
                    .list: .init("List names.", changesNothing: true, list),
                ]),
            EnginePath(
                "detailed-metadata/{path...}", "Lists of secrets with their newest versions.", fields: Self.listing,
                endpoints: [.list: .init("List secrets with their newest versions.", changesNothing: true, listDetailed)]),
            EnginePath(
                "delete/{path...}", "Delete versions.", fields: [versions],
                endpoints: [.update: .init("Delete versions.") { try await passVersions($0, "delete") }]),
            EnginePath(
                "undelete/{path...}", "Undelete versions.", fields: [versions],
                endpoints: [.update: .init("Undelete versions.") { try await passVersions($0, "undelete") }]),
        ]
    }

    static let listing =
        Paging.fields + [Field("recursive", .bool, "Descend into all folders that the caller may list.")]

    // MARK: One secret

    private func readData(_ request: Request) async throws -> Response {
        let query = request.fields.int("version").map { [(name: "version", value: "\($0)")] } ?? []
        var data = try await ask(.get, "data", request.captures["path"], query: query)
        if var metadata = data["metadata"]?.objectValue {
            metadata["created_by"] = .string(Self.author(of: metadata["version"], in: metadata))
            data["metadata"] = .object(metadata)
        }
        return .data(data)
    }

    private func write(_ request: Request) async throws -> Response {
        let path = request.captures["path"]
        var body = JSONObject()
        for name in ["data", "options"] { if let object = request.fields.object(name) { body[name] = .object(object) } }
        var written = try await ask(request.operation == .patch ? .patch : .put, "data", path, body: body)
        let author = request.caller?.displayName ?? ""
        if let version = written["version"]?.intValue { try await note(author, version, path) }
        written["created_by"] = .string(author)
        return .data(written)
    }

    private static let authorsMax = 10

    /// The secret is stored already, so a failure here is not the caller's.
    private func note(_ author: String, _ version: Int, _ path: String) async throws {
        guard !author.isEmpty else { return }
        var noted: JSONObject = ["updated_by_\(version)": .string(author)]
        if version > Self.authorsMax { noted["updated_by_\(version - Self.authorsMax)"] = .null }
        _ = try? await vault.ask(.patch, "\(mount)/metadata/\(path)", query: [], body: ["custom_metadata": .object(noted)])
    }

    private func delete(_ request: Request) async throws -> Response {
        _ = try await ask(.delete, "data", request.captures["path"])
        return .empty
    }

    private func passVersions(_ request: Request, _ route: String) async throws -> Response {
        let versions = request.fields.ints("versions") ?? []
        _ = try await ask(.put, route, request.captures["path"], body: ["versions": .array(versions.map { .int($0) })])
        return .empty
    }

    private func readMetadata(_ request: Request) async throws -> Response {
        .data(try await metadata(request.captures["path"]))
    }

    func metadata(_ path: String) async throws -> JSONObject {
        var data = try await ask(.get, "metadata", path)
        guard let versions = data["versions"]?.objectValue else { return data }
        data["versions"] = .object(
            JSONObject(
                versions.members.map { member in
                    var version = member.value.objectValue ?? [:]
                    version["created_by"] = .string(
                        Self.author(of: .number(member.key), in: version, noted: data["custom_metadata"]?.objectValue))
                    return .init(key: member.key, value: .object(version))
                }))
        return data
    }

    static func author(of version: JSON?, in metadata: JSONObject, noted: JSONObject? = nil) -> String {
        let number: String
        switch version {
        case .number(let text)?, .string(let text)?: number = text
        default: return metadata["created_by"]?.stringValue ?? ""
        }
        let noted = noted ?? metadata["custom_metadata"]?.objectValue
        return noted?["updated_by_\(number)"]?.stringValue ?? metadata["created_by"]?.stringValue ?? ""
    }

    // MARK: Asking

    func ask(
        _ method: RemoteMethod, _ route: String, _ path: String, query: [(name: String, value: String)] = [],
        body: JSONObject? = nil
    ) async throws -> JSONObject {
        guard !path.isEmpty || method == .list else { throw CofferError.invalid("missing path") }
        let answer: RemoteAnswer
        do throws(RemoteFailure) {
            answer = try await vault.ask(method, "\(mount)/\(route)/\(path)", query: query, body: body)
        } catch {
            throw CofferError(.unavailable, "the server that keeps these secrets cannot be reached")
        }
        switch answer.status {
        case 200..<300: return answer.data ?? [:]
        case 404: throw CofferError(.notFound, data: answer.data.map { .object($0) })
        case 400 where answer.errors.contains(where: { $0.containsUTF8("check-and-set parameter did not match") }):
            throw CofferError.checkAndSetMismatch
        case 400: throw CofferError.invalid("the server that keeps these secrets refused the request")
        default:
            throw CofferError(.unavailable, "the server that keeps these secrets refused this server (status \(answer.status))")
        }
    }
}
