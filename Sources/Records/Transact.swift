package import EngineKit

extension Storage {
    /// Decides on what is stored and commits the decision in one batch, and decides again when another writer was first.
    ///
    /// `decide` reads what it depends on, adds its changes to the batch with a precondition for every record that it read, and
    /// returns what the caller wants to know. It may run ``transactionAttemptsMax`` times, so whatever else it does must bear
    /// that. Nothing is committed when the batch is empty, or when it throws.
    ///
    /// - Returns: What `decide` returned for the batch that was committed.
    /// - Throws: ``StorageError/contended(key:)`` when another writer was first every time; what the store throws.
    package func transact<Result>(
        _ decide: (inout Batch) async throws(StorageError) -> Result
    ) async throws(StorageError) -> Result {
        var contended = ""
        for _ in 0..<Self.transactionAttemptsMax {
            var batch = Batch()
            let result = try await decide(&batch)
            if batch.isEmpty { return result }
            do {
                try await commit(batch)
                return result
            } catch .conflict(let key) {
                contended = key
            } catch {
                throw error
            }
        }
        throw .contended(key: contended)
    }

    /// The same for a decision that can fail in other ways than the store.
    package func transact<Result>(_ decide: (inout Batch) async throws -> Result) async throws -> Result {
        let outcome = try await transact { batch throws(StorageError) -> Swift.Result<Result, any Error> in
            do {
                return .success(try await decide(&batch))
            } catch {
                batch = Batch()
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// One writer succeeds each time that others are overtaken, so this many writers of one record at the same moment all
    /// succeed. Where more are expected on one node, they take turns in ``WriterQueues``.
    package static var transactionAttemptsMax: Int { 64 }
}
