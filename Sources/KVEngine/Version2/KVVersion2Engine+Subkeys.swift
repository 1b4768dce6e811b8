import EngineKit

extension KVVersion2Engine {
    var subkeys: EnginePath {
        EnginePath(
            "subkeys/{path...}", "Reads the names in a secret without its values.",
            fields: [
                Field("version", .int, "The version to read; 0, or none, for the newest."),
                Field("depth", .int, "The number of levels to show; 0, or none, for all."),
            ]
        )
        .reading("Read the names in a secret.", readSubkeys)
    }

    private func readSubkeys(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        let depth = request.fields.number("depth")
        guard depth >= 0 else { throw CofferError.invalid("field 'depth' must be at least 0") }
        let version = request.fields.number("version")
        let (answer, data) = try await secrets.read(path, version: version, named: "subkeys")
        let object = try StoredObject.parse(data, key: RecordKey.head(path))
        return Response(.data(answer.with("subkeys", SubkeyText.text(of: object, depth: depth)[...])))
    }
}
