/// An action that a rule allows or denies.
package enum ServiceAction: String, Sendable, Hashable, CaseIterable, Comparable {
    case read, write, delete, list

    /// Orders actions by their names.
    package static func < (a: ServiceAction, b: ServiceAction) -> Bool { a.rawValue < b.rawValue }
}
