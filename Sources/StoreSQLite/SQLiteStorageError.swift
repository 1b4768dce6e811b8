/// Why a database cannot be opened. The text tells the operator what to do.
package enum SQLiteStorageError: Error, Hashable, Sendable {
    case alreadyInUse(path: String, processID: String?)
    case newerSchema(path: String, found: Int, known: Int)
    /// Another program's database, or no database at all.
    case foreignFile(path: String)
    case notPrivate(path: String, reason: String)
    case cannotOpen(path: String, reason: String)
    case libraryTooOld(version: String)
}

extension SQLiteStorageError: CustomStringConvertible {
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
