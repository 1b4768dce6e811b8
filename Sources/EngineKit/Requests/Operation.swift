/// What a request does to its path. Policies grant these; engines handle them.
package enum Operation: String, Sendable, Hashable, CaseIterable {
    case read, list, create, update, patch, delete
    /// `?help=1`: answered from an engine's declarations, never by its code.
    case help

    /// Carries a body.
    package var isWrite: Bool { self == .create || self == .update || self == .patch }
}
