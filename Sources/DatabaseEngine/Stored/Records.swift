import EngineKit
import Syntax

/// A thing of the engine as a record in its storage.
protocol Stored: Sendable {
    var stored: JSONObject { get }
    init?(stored: JSONObject)
}

/// Records of one kind below a prefix, by name.
struct Records<Value: Stored>: Sendable {
    struct Found: Sendable {
        var value: Value
        var version: UInt64

        var unchanged: Batch.Precondition { .version(version) }
    }

    let storage: any Storage
    /// Ends with `/`.
    let prefix: String

    func find(_ name: String) async throws(StorageError) -> Found? {
        guard let record = try await storage.get(prefix + name) else { return nil }
        guard let object = (try? JSON(parsing: record.value))?.objectValue, let value = Value(stored: object) else {
            throw .corrupted(key: prefix + name)
        }
        return Found(value: value, version: record.version)
    }

    func put(_ name: String, _ value: Value, if precondition: Batch.Precondition = .none, into batch: inout Batch) {
        batch.put(prefix + name, JSON.object(value.stored).encoded(), if: precondition)
    }

    func delete(_ name: String, if precondition: Batch.Precondition = .none, into batch: inout Batch) {
        batch.delete(prefix + name, if: precondition)
    }

    /// One page of names, or 404.
    func page(_ request: Request) async throws -> Response {
        try .keys(try await storage.list(Listing(prefix: prefix, Paging(request.fields))))
    }
}

extension JSON {
    var texts: [String] { arrayValue?.compactMap(\.stringValue) ?? [] }
}

extension Optional where Wrapped == JSON {
    var texts: [String] { self?.texts ?? [] }
    var text: String { self?.stringValue ?? "" }
    var time: Timestamp? { self?.stringValue.flatMap { Int64($0) }.map { Timestamp(nanoseconds: $0) } }
}

extension Timestamp {
    var stored: JSON { .string(String(nanoseconds)) }
}
