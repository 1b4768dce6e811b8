import DatabaseClients

/// The reason for an interruption of the feed, as it is logged.
enum FeedFailure {
    static func reason(_ error: any Error) -> String { (error as? DatabaseError)?.message ?? "\(type(of: error))" }
}
