/// The reason why a database cannot be opened. The description tells the operator what to do.
package enum SQLiteStorageError: Error, Hashable, Sendable {
    /// Another process has the store open.
    case alreadyInUse(path: String, processID: String?)
    /// A newer version of Coffer has changed the tables.
    case newerSchema(path: String, found: Int, known: Int)
    /// The file is another program's database, or not a database.
    case foreignFile(path: String)
    /// The permissions of a file or directory cannot be restricted to its owner.
    case notPrivate(path: String, reason: String)
    /// The system or SQLite refused.
    case cannotOpen(path: String, reason: String)
    /// The SQLite library of this machine lacks what the store needs.
    case libraryTooOld(version: String)
}

extension SQLiteStorageError: CustomStringConvertible {
    /// What happened, and what to do about it.
    package var description: String {
        switch self {
        case .alreadyInUse(let path, let processID):
            "\(path) is in use by another Coffer server\(processID.map { " (process \($0))" } ?? ""): stop it first"
        case .newerSchema(let path, let found, let known):
            "\(path): this database was written by a newer Coffer (schema \(found); this build knows \(known)): "
                + "start the newer version or restore a backup"
        case .foreignFile(let path):
            "\(path) is not a Coffer database: choose another storage path, or move the file away"
        case .notPrivate(let path, let reason): "\(path) cannot be kept private: \(reason)"
        case .cannotOpen(let path, let reason): "\(path) cannot be opened: \(reason)"
        case .libraryTooOld(let version): "SQLite 3.37 or newer is needed; this machine has \(version)"
        }
    }
}
