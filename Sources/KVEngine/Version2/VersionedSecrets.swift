import EngineKit
import Records
import Syntax

/// Reads and changes the secrets of a version 2 mount.
struct VersionedSecrets: Sendable {
    let storage: any Storage
    let time: any TimeSource
    private let lines = WriterQueues()

    /// How often a read starts again if the version that it reads is archived or deleted meanwhile.
    private static let attemptsMax = 16

    init(storage: any Storage, time: any TimeSource) {
        self.storage = storage
        self.time = time
    }

    /// Whether a secret exists, possibly with metadata only.
    func exists(_ path: String) async throws -> Bool {
        try await storage.get(RecordKey.head(path)) != nil
    }

    /// Returns the head of a secret, or nil if it does not exist.
    func head(_ path: String) async throws -> Head? {
        let key = RecordKey.head(path)
        return try await storage.get(key).map { record throws(StorageError) in try Head(decoding: record.value, key: key) }
    }

    /// Returns the settings of the mount.
    func settings() async throws -> MountSettings {
        try await storage.get(RecordKey.settings)
            .map { record throws(StorageError) in try MountSettings(decoding: record.value, key: RecordKey.settings) } ?? .init()
    }

    /// Changes a secret. `decide` is called again if another writer commits first.
    func edit<Result>(_ path: String, _ decide: (inout HeadEdit) async throws -> Result) async throws -> Result {
        try await lines.inTurn(path) {
            try await storage.transact { batch in
                var edit = try HeadEdit(path: path, record: try await storage.get(RecordKey.head(path)))
                let result = try await decide(&edit)
                batch = edit.finished
                return result
            }
        }
    }

    /// Changes the settings of the mount.
    func editSettings(_ change: (inout MountSettings) throws(CofferError) -> Void) async throws {
        // No secret has an empty path.
        try await lines.inTurn("") {
            try await storage.transact { batch in
                let record = try await storage.get(RecordKey.settings)
                var settings =
                    try record.map { record throws(StorageError) in
                        try MountSettings(decoding: record.value, key: RecordKey.settings)
                    } ?? .init()
                try change(&settings)
                batch.put(RecordKey.settings, settings.encoded(), if: .init(unchanged: record))
            }
        }
    }

    /// Returns a version with its data, where 0 is the newest. If it is deleted or destroyed, the 404 has its metadata.
    ///
    /// - Parameter named: The member that is null in that 404: `data` or `subkeys`.
    func read(_ path: String, version: Int, named name: StaticString) async throws -> (VersionAnswer, data: ArraySlice<UInt8>) {
        guard version >= 0 else { throw CofferError.invalid("field 'version' must not be negative") }
        let key = RecordKey.head(path)
        var attempt = 1
        while true {
            guard let record = try await storage.get(key) else { throw CofferError.notFound }
            let view = try HeadView(record.value, key: key)
            let number = version == 0 ? view.current : UInt64(version)
            if number == view.current {
                guard number > 0 else { throw CofferError.notFound }
                let answer = VersionAnswer(
                    number: number, version: view.version, customMetadata: view.bytes[view.customMetadata])
                if view.version.isGone(at: time.now()) { throw answer.gone(name) }
                return (answer, view.bytes[view.data])
            }
            let head = try Head(decoding: record.value, key: key)
            guard let entry = head[number] else { throw CofferError.notFound }
            let answer = VersionAnswer(number: number, version: entry, customMetadata: head.customMetadata[...])
            if entry.isGone(at: time.now()) { throw answer.gone(name) }
            let archive = RecordKey.archive(path, number)
            if let stored = try await storage.get(archive) {
                return (answer, try ArchiveRecord.decode(stored.value, version: number, key: archive)[...])
            }
            // If the version was deleted between the two reads, the head has changed.
            guard try await storage.get(key)?.version != record.version, attempt < Self.attemptsMax else {
                throw StorageError.corrupted(key: archive)
            }
            attempt += 1
        }
    }
}
