/// Puts, deletes and checks that happen together or not at all.
package struct Batch: Sendable {
    /// What must be true of a key for the batch to be carried out.
    package enum Precondition: Sendable, Hashable {
        case none
        case absent
        /// The record exists with exactly this version.
        case version(UInt64)
    }

    /// What happens to a key.
    package enum Change: Sendable, Hashable {
        /// `version` 0 lets the barrier choose a fresh stamp; a bare store writes it as given.
        case put([UInt8], version: UInt64)
        case delete
        /// Changes nothing: only the precondition counts.
        case check
    }

    /// A key, what happens to it, and what must be true of it before.
    package struct Mutation: Sendable {
        /// The key of the record.
        package var key: String
        /// What happens to the record.
        package var change: Change
        /// What must be true of the record before anything changes.
        package var precondition: Precondition

        /// Creates a mutation of one record.
        package init(key: String, change: Change, precondition: Precondition) {
            self.key = key
            self.change = change
            self.precondition = precondition
        }
    }

    /// At most one mutation a key; a store refuses a second.
    package private(set) var mutations: [Mutation] = []

    /// Creates an empty batch.
    package init() {}

    /// Whether the batch has no mutations.
    package var isEmpty: Bool { mutations.isEmpty }
    /// The keys of all mutations, in order.
    package var keys: [String] { mutations.map(\.key) }

    /// Adds the writing of a value; by default whatever is stored before, and with a fresh version.
    package mutating func put(_ key: String, _ value: [UInt8], if precondition: Precondition = .none, version: UInt64 = 0) {
        append(.init(key: key, change: .put(value, version: version), precondition: precondition))
    }

    /// Adds the removal of a record. It need not exist, unless the precondition says so.
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
    /// What must still hold for a change that was decided on this reading.
    package init(unchanged record: StoredRecord?) {
        self = record.map { .version($0.version) } ?? .absent
    }
}
