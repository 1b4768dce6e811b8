/// A request that nobody waits for anymore: its time is over, or its client has left.
package enum GivenUpRequest {
    /// The error, which only the audit log shows.
    package static let error = CofferError(.unavailable, "the request was given up before its work was done")

    /// Throws if the request was abandoned. To be called between the steps of long work.
    package static func check() throws(CofferError) {
        if Task.isCancelled { throw error }
    }
}
