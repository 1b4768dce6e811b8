package import EngineKit
import Testing

/// What every store must do. A test target runs each check against a new, empty store.
package enum StorageContract {
    package struct Check: Sendable, CustomTestStringConvertible {
        package let testDescription: String
        package let run: @Sendable (any Storage) async throws -> Void

        init(_ description: String, _ run: @escaping @Sendable (any Storage) async throws -> Void) {
            testDescription = description
            self.run = run
        }
    }

    package static let checks: [Check] = records + preconditions + limits + listings + races + model

    static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Puts every key with itself as the value.
    static func fill(_ storage: any Storage, _ keys: [String]) async throws {
        var batch = Batch()
        for key in keys { batch.put(key, bytes(key), version: 1) }
        try await storage.commit(batch)
    }

    static func commit(_ storage: any Storage, _ change: (inout Batch) -> Void) async throws {
        var batch = Batch()
        change(&batch)
        try await storage.commit(batch)
    }

    static func expectConflict(
        _ storage: any Storage, on key: String, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Batch) -> Void
    ) async {
        await #expect(throws: StorageError.conflict(key: key), sourceLocation: sourceLocation) { try await commit(storage, change) }
    }

    static func expectRefusal(
        _ storage: any Storage, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Batch) -> Void
    ) async {
        let error = await #expect(throws: StorageError.self, sourceLocation: sourceLocation) { try await commit(storage, change) }
        guard case .limitExceeded = error else {
            Issue.record("refused by \(String(describing: error))", sourceLocation: sourceLocation)
            return
        }
    }
}
