import EngineKit
import Syntax

extension KVVersion2Engine {
    var data: EnginePath {
        EnginePath(
            "data/{path...}", "Reads and writes secrets and their versions.",
            fields: [
                Field("version", .int, query: true, "The version to read; 0, or none, for the newest."),
                Field("options", .object, "`cas`: the version that is replaced; 0 if the secret must not exist."),
                Field("data", .object, "The secret, or the merge patch to apply."),
            ],
            exists: exists
        )
        .reading("Read a secret.", readData)
        .creating("Write the first version of a secret.", writeData)
        .updating("Write a new version of a secret.", writeData)
        .patching("Write a new version: the newest with a JSON merge patch applied.", patchData)
        .deleting("Delete the newest version; it can be undeleted.", deleteData)
    }

    private func readData(_ request: Request) async throws -> Response {
        let version = request.fields.number("version")
        let (answer, data) = try await secrets.read(try request.secretPath, version: version, named: "data")
        return Response(.data(answer.with("data", data)))
    }

    private func writeData(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        guard let data = request.fields.object("data") else { throw CofferError.invalid("no data provided") }
        let text = data.encoded()
        try SecretSize.check(text)
        let checkAndSet = try CheckAndSet(request.fields.object("options"))
        let author = request.author
        let answer = try await secrets.edit(path) { edit in
            let settings = try await secrets.settings()
            try checkAndSet.check(edit.head, settings)
            return try edit.add(text, author: author, settings: settings, at: time.now())
        }
        return Response(.data(answer.metadata))
    }

    private func patchData(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        guard let patch = request.fields.object("data") else { throw CofferError.invalid("no data provided") }
        let checkAndSet = try CheckAndSet(request.fields.object("options"))
        let author = request.author
        let answer = try await secrets.edit(path) { edit in
            guard let head = edit.head else { throw CofferError.notFound }
            let settings = try await secrets.settings()
            try checkAndSet.check(head, settings)
            guard let newest = head.versions.last else { throw CofferError.notFound }
            let now = time.now()
            guard !newest.isGone(at: now) else {
                throw CofferError(.notFound, data: VersionAnswer(newestOf: head, newest).metadata)
            }
            let stored = try StoredObject.parse(head.data[...], key: RecordKey.head(path))
            let text = MergePatch.apply(patch, to: stored).encoded()
            try SecretSize.check(text)
            return try edit.add(text, author: author, settings: settings, at: now)
        }
        return Response(.data(answer.metadata))
    }

    private func deleteData(_ request: Request) async throws {
        try await secrets.edit(try request.secretPath) { edit in
            guard let current = edit.head.flatMap({ Int(exactly: $0.current) }) else { return }
            edit.delete([current], at: time.now())
        }
    }
}

extension HeadEdit {
    /// Adds a version and returns the answer. The version is deleted later as the mount and the secret say.
    ///
    /// - Throws: ``CofferError`` if the newest version has the highest possible number.
    mutating func add(
        _ text: [UInt8], author: String, settings: MountSettings, at now: Timestamp
    ) throws(CofferError) -> VersionAnswer {
        let current = head ?? Head(created: now)
        let version = Head.Version(created: now, deletion: settings.deletion(of: current, writtenAt: now), author: author)
        try add(version, data: text, versionsMax: settings.versionsMax(for: current))
        return VersionAnswer(
            number: current.current + 1, version: version, customMetadata: current.customMetadata[...])
    }
}

/// Parses the JSON of stored secrets.
enum StoredObject {
    // Each part was bounded by the limit of a body when it was written. The allowed depth is twice that of a request.
    private static let limits = JSONLimits(depthMax: 128, nodesMax: 1_000_000)

    /// Returns the object. Throws if it is too large to be parsed, which a patched secret can become.
    static func parse(_ text: ArraySlice<UInt8>, key: String) throws -> JSONObject {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: text, limits: limits)
        } catch {
            guard error.reason == .tooDeep || error.reason == .tooManyValues else { throw StorageError.corrupted(key: key) }
            throw CofferError(.tooLarge, "the secret is too large to be parsed; read and write it as a whole")
        }
        guard let object = value.objectValue else { throw StorageError.corrupted(key: key) }
        return object
    }
}
