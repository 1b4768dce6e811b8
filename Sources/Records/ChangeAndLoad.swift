import EngineKit

/// Makes a change of records that are also kept in memory, and reads them again before its result is known to anybody.
///
/// They are read again after a failure of the store, too, because it may have made the change all the same: a commit whose answer was
/// lost. A refusal that `change` decided on has changed nothing.
///
/// - Parameters:
///   - change: Changes the records.
///   - load: Reads them.
package func changeAndLoad<Result>(
    _ change: () async throws -> Result, load: () async throws -> Void
) async throws -> Result {
    let result: Result
    do {
        result = try await change()
    } catch let error as StorageError {
        // What is told is why the change failed.
        try? await load()
        throw error
    }
    try await load()
    return result
}
