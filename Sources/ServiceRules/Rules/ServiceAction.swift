/// What a rule allows or denies.
package enum ServiceAction: String, Sendable, Hashable, CaseIterable, Comparable {
    case read, write, delete, list

    package static func < (a: ServiceAction, b: ServiceAction) -> Bool { a.rawValue < b.rawValue }
}
