package import EngineKit
import Syntax

/// The routes of a KV version 2 mount that the Service API uses, passed on to another server.
///
/// That server sees only this server's token. The author of a version is therefore noted in the secret's custom metadata, as
/// `updated_by_<version>`.
package struct RemoteKVEngine: SecretsEngine {
    /// The other server.
    let vault: any RemoteVault
    /// The path of the mount on the other server, without slashes at its ends.
    let mount: String

    /// Returns the type of an engine that stores its secrets in `mount` of the other server.
    package static func description(_ vault: any RemoteVault, mount: String) -> EngineDescription {
        EngineDescription(
            type: "remote-kv", summary: "Secrets of a KV version 2 mount on another server.", isServersOwn: true
        ) { _ in
            RemoteKVEngine(vault: vault, mount: mount)
        }
    }

    /// The paths of the engine.
    package var paths: [EnginePath] {
        let version = Field("version", .int, "The version to read; the newest if 0 or absent.")
        let data = [
            Field("options", .object, "Options; `cas` is the version that the write must replace."),
            Field("data", .object, "The data to store."),
        ]
        let versions = Field("versions", .ints, "The numbers of the versions.")
        return [
            EnginePath("data/{path...}", "Read and write secrets.", fields: [version] + data)
                .reading("Read a secret.", readData)
                .updating("Write a new version.", write)
                .patching("Write a new version by a merge patch.", write)
                .deleting("Delete the newest version.") { _ = try await send(.delete, "data", path: $0.captures["path"]) },
            EnginePath(
                "metadata/{path...}", "Read the metadata of secrets, and list secrets.", fields: Self.listingFields
            )
            .reading("Read the metadata.") { .data(try await metadata($0.captures["path"])) }
            .listing("List names.") { try .keys(try await names($0, policyPrefix: "metadata/")) },
            EnginePath(
                "detailed-metadata/{path...}", "List secrets with their newest versions.", fields: Self.listingFields
            )
            .listing("List secrets with their newest versions.", listDetailed),
            EnginePath("delete/{path...}", "Delete versions.", fields: [versions])
                .updatingWithoutAnswer("Delete versions.") { try await passVersions($0, "delete") },
            EnginePath("undelete/{path...}", "Undelete versions.", fields: [versions])
                .updatingWithoutAnswer("Undelete versions.") { try await passVersions($0, "undelete") },
        ]
    }

    /// The fields of a listing.
    static let listingFields =
        Paging.fields + [Field("recursive", .bool, "Include the names in all subfolders that the caller may list.")]

    // MARK: One secret

    private func readData(_ request: Request) async throws -> Response {
        let query = request.fields.int("version").map { [(name: "version", value: "\($0)")] } ?? []
        var data = try await send(.get, "data", path: request.captures["path"], query: query)
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
        var written = try await send(request.operation == .patch ? .patch : .put, "data", path: path, body: body)
        let author = request.caller?.displayName ?? ""
        if let version = written["version"]?.intValue { await storeAuthor(author, of: version, path: path) }
        written["created_by"] = .string(author)
        return .data(written)
    }

    /// The number of versions whose authors are noted.
    private static let authorsMax = 10

    /// Stores the author of a version in the secret's custom metadata. Errors are ignored: the secret is already stored, so
    /// the caller's write has succeeded.
    private func storeAuthor(_ author: String, of version: Int, path: String) async {
        guard !author.isEmpty else { return }
        var noted: JSONObject = ["updated_by_\(version)": .string(author)]
        if version > Self.authorsMax { noted["updated_by_\(version - Self.authorsMax)"] = .null }
        _ = try? await vault.send(.patch, "\(mount)/metadata/\(path)", query: [], body: ["custom_metadata": .object(noted)])
    }

    /// Passes on a request that names versions, to `delete` or `undelete`.
    private func passVersions(_ request: Request, _ route: String) async throws {
        let versions = request.fields.numbers("versions")
        _ = try await send(.put, route, path: request.captures["path"], body: ["versions": .array(versions.map { .int($0) })])
    }

    /// Returns the metadata of a secret, with the author of each version.
    func metadata(_ path: String) async throws -> JSONObject {
        var data = try await send(.get, "metadata", path: path)
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

    /// Returns the author of a version: the one noted in the custom metadata, or else `created_by`, which a Coffer server
    /// sends.
    static func author(of version: JSON?, in metadata: JSONObject, noted: JSONObject? = nil) -> String {
        let number: String
        switch version {
        case .number(let text)?, .string(let text)?: number = text
        default: return metadata["created_by"]?.stringValue ?? ""
        }
        let noted = noted ?? metadata["custom_metadata"]?.objectValue
        return noted?["updated_by_\(number)"]?.stringValue ?? metadata["created_by"]?.stringValue ?? ""
    }

    // MARK: Requests

    /// Sends a request to a route of the mount and returns the `data` of the answer.
    ///
    /// - Throws: `CofferError` with a text of this server. Only the other server's check-and-set error is recognized, and none of
    ///   its own texts are passed on.
    func send(
        _ method: RemoteMethod, _ route: String, path: String, query: [(name: String, value: String)] = [],
        body: JSONObject? = nil
    ) async throws -> JSONObject {
        guard !path.isEmpty || method == .list else { throw CofferError.invalid("missing path: name a secret below the mount") }
        let answer: RemoteAnswer
        do throws(RemoteFailure) {
            answer = try await vault.send(method, "\(mount)/\(route)/\(path)", query: query, body: body)
        } catch {
            throw CofferError(.unavailable, "the server that stores these secrets cannot be reached; retry later")
        }
        switch answer.status {
        case 200..<300: return answer.data ?? [:]
        case 404: throw CofferError(.notFound, data: answer.data.map { .object($0) })
        case 400 where answer.errors.contains(where: { $0.containsUTF8("check-and-set parameter did not match") }):
            throw CofferError.checkAndSetMismatch
        case 400: throw CofferError.invalid("the server that stores these secrets rejected the request as invalid")
        case 401, 403:
            throw CofferError(
                .unavailable,
                "the server that stores these secrets denied access (status \(answer.status)); check this server's token")
        default:
            throw CofferError(
                .unavailable, "the server that stores these secrets failed (status \(answer.status)); retry later or see its log")
        }
    }
}
