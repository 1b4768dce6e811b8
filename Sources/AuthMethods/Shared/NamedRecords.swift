import EngineKit
import Records
import Syntax

/// Records that operators write under a name, at the paths of a folder: their list, and each by its name.
struct NamedRecords<Value: Record>: Sendable {
    let table: RecordTable<Value>
    /// The folder of the paths, such as `role`.
    let folder: String
    /// The field of the paths that names a record.
    let name: Field
    /// What a name may be, as a refusal says it after the name of the field.
    var rule = AccountName.rule
    /// Returns the name under which a record is kept, or nil for a text that cannot be a name.
    var key: @Sendable (String) async throws -> String? = { AccountName($0)?.text }

    // MARK: Paths

    /// Returns the path of the folder, which lists the names.
    func list(_ summary: String, _ operation: String) -> EnginePath {
        EnginePath(PathPattern(folder), summary, fields: Paging.fields)
            .listing(operation) { try .keys(try await table.names(Paging($0.fields))) }
    }

    /// Returns the path of one record, to which the operations are added.
    ///
    /// - Parameter tellsCreation: Whether writing a new record needs the capability to create.
    func record(_ summary: String, fields: [Field], tellsCreation: Bool = true) -> EnginePath {
        let exists: @Sendable (Request) async throws -> Bool = { try await find($0) != nil }
        return EnginePath(
            PathPattern("\(folder)/{\(name.name)}"), summary, fields: [name] + fields, exists: tellsCreation ? exists : nil)
    }

    /// Returns a path below that of one record, such as its `password`.
    func part(_ part: String, _ summary: String, fields: [Field] = []) -> EnginePath {
        EnginePath(PathPattern("\(folder)/{\(name.name)}/\(part)"), summary, fields: [name] + fields)
    }

    // MARK: Requests

    /// Returns the name that the path of a request gives.
    ///
    /// - Throws: A refusal if it cannot be a name.
    func name(of request: Request) async throws -> String {
        guard let name = try await key(request.captures[name.name]) else {
            throw CofferError.invalid("field '\(name.name)' \(rule)")
        }
        return name
    }

    /// Returns the record that the path of a request names, or nil if there is none.
    func find(_ request: Request) async throws -> Value? {
        guard let name = try await key(request.captures[name.name]) else { return nil }
        return try await table.find(name)?.value
    }

    /// Returns the record that the path of a request names.
    ///
    /// - Throws: ``CofferError/notFound`` if there is none.
    func existing(_ request: Request) async throws -> Value {
        guard let value = try await find(request) else { throw CofferError.notFound }
        return value
    }

    /// Deletes the record that the path of a request names, if there is one.
    func delete(_ request: Request) async throws {
        guard let name = try await key(request.captures[name.name]) else { return }
        try await table.edit(name) { value, _ in value = nil }
    }
}

extension NamedRecords where Value: SettingsRecord {
    /// Changes the settings that a request contains, of the record that its path names or of a new one.
    func write(_ request: Request) async throws {
        try await table.update(try await name(of: request), request.fields)
    }
}
