/// Why a database did not do what it was asked. Texts never hold a password, a statement or a connection string.
package enum DatabaseError: Error, Hashable, Sendable {
    /// Settings, names or statements that cannot be used; the server was not asked.
    case invalid(String)
    /// Too many others wait for the same database.
    case busy
    /// The server could not be reached, or was lost before it could have changed anything.
    case unavailable(String)
    /// The server refused; nothing was changed there.
    case failed(String)
    /// The server was lost in the middle of a change: it happened or it did not.
    case uncertain(String)

    package var message: String {
        switch self {
        case .invalid(let text), .unavailable(let text), .failed(let text), .uncertain(let text): text
        case .busy: "too many requests wait for this database; retry"
        }
    }
}
