package import EngineKit

/// Moves the secrets of a version 1 mount to version 2, where each becomes the first version of a secret.
///
/// A batch moves whole records, so a run continues where another one was interrupted, and two runs at the same time do no harm.
package enum KVUpgrade {
    private static let recordsInBatch = 100
    private static let bytesInBatch = 4 << 20

    /// Moves all secrets of the mount that `storage` belongs to.
    package static func run(_ storage: any Storage, time: any TimeSource) async throws {
        try await run(VersionedSecrets(storage: storage, time: time))
    }

    static func run(_ secrets: VersionedSecrets) async throws {
        while true {
            let paths = try await secrets.storage.list(
                Listing(prefix: RecordKey.plain, limit: recordsInBatch, isRecursive: true))
            if paths.isEmpty { return }
            do {
                try await move(paths[...], secrets)
            } catch StorageError.conflict {
                for path in paths { try await moveAlone(path, secrets) }
            }
        }
    }

    /// Moves secrets in one batch. Throws a conflict if one of them already has versions, or another run moves it.
    private static func move(_ paths: ArraySlice<String>, _ secrets: VersionedSecrets) async throws {
        let settings = try await secrets.settings()
        var batch = Batch()
        var bytes = 0
        for path in paths where bytes < bytesInBatch {
            let key = RecordKey.plain(path)
            guard let record = try await secrets.storage.get(key) else { continue }
            var edit = try HeadEdit(path: path, record: nil)
            let body = try PlainRecord(decoding: record.value, key: key).body
            _ = try edit.add(body, author: "", settings: settings, at: secrets.time.now())
            for mutation in edit.finished.mutations { batch.append(mutation) }
            batch.delete(key, if: .init(unchanged: record))
            bytes += body.count
        }
        if !batch.isEmpty { try await secrets.storage.commit(batch) }
    }

    /// Moves one secret, which becomes the newest version if there are others.
    private static func moveAlone(_ path: String, _ secrets: VersionedSecrets) async throws {
        let key = RecordKey.plain(path)
        try await secrets.edit(path) { edit in
            guard let record = try await secrets.storage.get(key) else { return }
            let settings = try await secrets.settings()
            let body = try PlainRecord(decoding: record.value, key: key).body
            _ = try edit.add(body, author: "", settings: settings, at: secrets.time.now())
            edit.batch.delete(key, if: .init(unchanged: record))
        }
    }
}
