/// What a request does to its path. Policies grant operations, and engines handle them.
package enum Operation: String, Sendable, Hashable, CaseIterable {
    case read, list, create, update, patch, delete
    /// `?help=1`: answered from the declarations of an engine, not by its code.
    case help

    /// Whether the request has a body.
    package var isWrite: Bool { self == .create || self == .update || self == .patch }
}
