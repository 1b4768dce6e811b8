/// Changes and checks that take effect together or not at all.
package struct Batch: Sendable {
    /// A condition on a record that must be met for the batch to be committed.
    package enum Precondition: Sendable, Hashable {
        case none
        case absent
        /// The record exists with exactly this version.
        case version(UInt64)
    }

    /// The change of a record.
    package enum Change: Sendable, Hashable {
        /// Writes a value. For version 0, the barrier chooses a new stamp; a store without a barrier writes it as it is.
        case put([UInt8], version: UInt64)
        case delete
        /// Changes nothing; only the precondition matters.
        case check
    }

    /// A key, its change and its precondition.
    package struct Mutation: Sendable {
        /// The key of the record.
        package var key: String
        /// What happens to the record.
        package var change: Change
        /// The condition that must be met before anything is changed.
        package var precondition: Precondition

        /// Creates a mutation of one record.
        package init(key: String, change: Change, precondition: Precondition) {
            self.key = key
            self.change = change
            self.precondition = precondition
        }
    }

    /// The mutations. A store refuses a batch with two mutations of one key.
    package private(set) var mutations: [Mutation] = []

    /// Creates an empty batch.
    package init() {}

    /// Whether the batch has no mutations.
    package var isEmpty: Bool { mutations.isEmpty }
    /// The keys of all mutations, in order.
    package var keys: [String] { mutations.map(\.key) }

    /// Adds the writing of a value, by default without a precondition and with a new version.
    package mutating func put(_ key: String, _ value: [UInt8], if precondition: Precondition = .none, version: UInt64 = 0) {
        append(.init(key: key, change: .put(value, version: version), precondition: precondition))
    }

    /// Adds the deletion of a record. The record need not exist, unless the precondition requires it.
    package mutating func delete(_ key: String, if precondition: Precondition = .none) {
        append(.init(key: key, change: .delete, precondition: precondition))
    }

    /// Adds a precondition without a change.
    package mutating func check(_ key: String, _ precondition: Precondition) {
        append(.init(key: key, change: .check, precondition: precondition))
    }

    /// Adds a mutation.
    package mutating func append(_ mutation: Mutation) { mutations.append(mutation) }
}

extension Batch.Precondition {
    /// The condition that the record has not changed since it was read.
    package init(unchanged record: StoredRecord?) {
        self = record.map { .version($0.version) } ?? .absent
    }
}
