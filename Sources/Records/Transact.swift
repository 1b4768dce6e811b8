package import EngineKit

extension Storage {
    /// Makes a decision that depends on stored records, commits it in one batch, and starts again if another writer was
    /// first.
    ///
    /// `decide` reads what it depends on, adds its changes to the batch with a precondition for every record that it read,
    /// and returns a result for the caller. It may run up to ``transactionAttemptsMax`` times, so it must have no other
    /// effects that cannot be repeated. Nothing is committed if the batch is empty, or if `decide` throws.
    ///
    /// - Returns: What `decide` returned for the committed batch.
    /// - Throws: ``StorageError/contended(key:)`` if another writer was first every time, and what the storage throws.
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

    /// Does the same for a decision that can also throw other errors than those of the storage.
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

    /// How often a transaction is tried. Whenever writers fail because another was first, that one has succeeded, so this
    /// number of simultaneous writers of a record all succeed. If more are expected on one node, they use ``WriterQueues``.
    package static var transactionAttemptsMax: Int { 64 }
}
