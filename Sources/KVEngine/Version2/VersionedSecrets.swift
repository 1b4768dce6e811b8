import EngineKit
import Records
import Syntax

/// The secrets of one version 2 mount: reads and atomic changes, below the routes.
struct VersionedSecrets: Sendable {
    let storage: any Storage
    let time: any TimeSource
    private let lines = WriterQueues()

    /// So many times a read begins again when the version that it wants is being archived or taken away.
    private static let attemptsMax = 16

    init(storage: any Storage, time: any TimeSource) {
        self.storage = storage
        self.time = time
    }

    func exists(_ path: String) async throws -> Bool {
        try await storage.get(RecordKey.head(path)) != nil
    }

    func head(_ path: String) async throws -> Head? {
        let key = RecordKey.head(path)
        return try await storage.get(key).map { record throws(StorageError) in try Head(decoding: record.value, key: key) }
    }

    func settings() async throws -> MountSettings {
        try await storage.get(RecordKey.settings)
            .map { record throws(StorageError) in try MountSettings(decoding: record.value, key: RecordKey.settings) } ?? .init()
    }

    /// Decides on what is there and commits, all or nothing; decides again when the record changed meanwhile.
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

    /// A version that is there, with its data; throws a 404 that says what became of it, or nothing when there is none.
    ///
    /// - Parameter named: The member of that 404 which has no content, `data` or `subkeys`.
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
            // Somebody may have taken it away between the two reads; then the head says so now.
            guard try await storage.get(key)?.version != record.version, attempt < Self.attemptsMax else {
                throw StorageError.corrupted(key: archive)
            }
            attempt += 1
        }
    }
}
