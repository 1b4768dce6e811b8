import EngineKit
import Logging
import Records
import Synchronization

/// Deletes what is kept for a while only: secrets in the trash, and old parts of access logs. It goes through all owners, some of
/// them each minute, and begins again when it is through.
final class OwnerSweep: Sendable {
    private let after = Mutex<String?>(nil)
    private let nextAt = Mutex<Timestamp?>(nil)

    /// The time between two steps, and the number of owners of a step.
    static let seconds = 60
    private static let ownersMax = 500

    /// Takes a step if a minute has passed since the last one.
    func runIfDue(on store: SecretStore, at now: Timestamp) async throws {
        let isDue = nextAt.withLock { nextAt in
            if let next = nextAt, now < next { return false }
            nextAt = now.adding(seconds: Self.seconds)
            return true
        }
        if isDue { try await run(on: store, at: now) }
    }

    private func run(on store: SecretStore, at now: Timestamp) async throws {
        let names = try await OwnedRecords.owners(
            in: store.storage, Paging(after: after.withLock { $0 }, limit: Self.ownersMax))
        for name in names {
            if let owner = try? Owner(name) { try await sweep(store.records(of: owner), in: store, at: now) }
            after.withLock { $0 = name + "/" }
            if Task.isCancelled { return }
        }
        if names.count < Self.ownersMax { after.withLock { $0 = nil } }
    }

    private func sweep(_ records: OwnedRecords, in store: SecretStore, at now: Timestamp) async throws {
        for name in try await records.names(in: .trash) {
            if let id = SecretID(name) { _ = try await store.purge(id, in: records, by: nil) }
        }
        try await Self.trim(records, at: now)
    }

    /// Deletes the parts of an access log that are too old or too many.
    static func trim(_ records: OwnedRecords, at now: Timestamp) async throws {
        let oldest = now.adding(seconds: -AccessRecord.daysKept * 86_400)
        let names = try await records.names(in: .access).compactMap(AccessName.init(stored:))
        let gone = names.enumerated().filter { $0.offset >= AccessRecord.recordsMax || $0.element.writtenAt < oldest }
        guard !gone.isEmpty else { return }
        try await records.change { changes in
            for name in gone { changes.delete(.access(name.element)) }
        }
    }
}
