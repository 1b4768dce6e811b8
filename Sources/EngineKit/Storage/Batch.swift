/// Puts, deletes and checks that happen together or not at all.
package struct Batch: Sendable {
    package enum Precondition: Sendable, Hashable {
        case none
        case absent
        /// The record exists with exactly this version.
        case version(UInt64)
    }

    package enum Change: Sendable, Hashable {
        /// `version` 0 lets the barrier choose a fresh stamp; a bare store writes it as given.
        case put([UInt8], version: UInt64)
        case delete
        /// Changes nothing: only the precondition counts.
        case check
    }

    package struct Mutation: Sendable {
        package var key: String
        package var change: Change
        package var precondition: Precondition

        package init(key: String, change: Change, precondition: Precondition) {
            self.key = key
            self.change = change
            self.precondition = precondition
        }
    }

    /// At most one mutation a key; a store refuses a second.
    package private(set) var mutations: [Mutation] = []

    package init() {}

    package var isEmpty: Bool { mutations.isEmpty }
    package var keys: [String] { mutations.map(\.key) }

    package mutating func put(_ key: String, _ value: [UInt8], if precondition: Precondition = .none, version: UInt64 = 0) {
        append(.init(key: key, change: .put(value, version: version), precondition: precondition))
    }

    package mutating func delete(_ key: String, if precondition: Precondition = .none) {
        append(.init(key: key, change: .delete, precondition: precondition))
    }

    package mutating func check(_ key: String, _ precondition: Precondition) {
        append(.init(key: key, change: .check, precondition: precondition))
    }

    package mutating func append(_ mutation: Mutation) { mutations.append(mutation) }
}

extension Batch.Precondition {
    /// What must still hold for a change that was decided on this reading.
    package init(unchanged record: StoredRecord?) {
        self = record.map { .version($0.version) } ?? .absent
    }
}
