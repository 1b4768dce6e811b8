import DatabaseClients

/// What an interruption of the feed says of itself.
enum FeedFailure {
    static func reason(_ error: any Error) -> String { (error as? DatabaseError)?.message ?? "\(type(of: error))" }
}
