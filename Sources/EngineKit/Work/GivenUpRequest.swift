/// A request that nobody waits for any more: its time was up, or its client left.
package enum GivenUpRequest {
    /// Nobody sees it but the audit trail.
    package static let error = CofferError(.unavailable, "the request was given up before its work was done")

    /// Between two steps of work that may be many.
    package static func check() throws(CofferError) {
        if Task.isCancelled { throw error }
    }
}
