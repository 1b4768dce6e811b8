/// Why a database did not do what was requested. The messages never contain a password, a statement or a connection string.
package enum DatabaseError: Error, Hashable, Sendable {
    /// The settings, names or statements cannot be used. The server was not contacted.
    case invalid(String)
    /// Too many others wait for the same database.
    case busy
    /// The server could not be reached, or was lost before it could have changed anything.
    case unavailable(String)
    /// The server refused and changed nothing.
    case failed(String)
    /// The server was lost in the middle of a change, which may or may not have happened.
    case uncertain(String)

    /// The text of the error, which callers may see.
    package var message: String {
        switch self {
        case .invalid(let text), .unavailable(let text), .failed(let text), .uncertain(let text): text
        case .busy: "too many requests wait for this database; retry"
        }
    }
}
