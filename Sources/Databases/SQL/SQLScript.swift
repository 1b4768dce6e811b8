import DatabaseClients

/// SQL statements with placeholders, parsed as PostgreSQL parses them.
///
/// Strings, quoted names, dollar quotes and comments are recognized, so a `;` within one does not end a statement, and each
/// placeholder knows what encloses it.
struct SQLScript: Sendable {
    enum Context: Sendable, Hashable {
        case bare
        /// A string: `'…'`.
        case string
        /// A string in which a backslash is an escape: `E'…'` or `U&'…'`.
        case escapeString
        /// A quoted name: `"…"`.
        case identifier
        /// A string between two of these marks, such as `$$`.
        case dollar(mark: [UInt8])
        case comment
    }

    enum Piece: Sendable, Hashable {
        case text([UInt8])
        case placeholder(name: String, Context)
    }

    static let bytesMax = 64 << 10
    static let statementsMax = 200
    static let placeholders = ["name", "username", "password", "expiration"]

    /// The statements without their semicolons. Those of only spaces and comments are left out.
    private(set) var statements: [[Piece]] = []

    init(_ text: String) throws(DatabaseError) {
        guard text.utf8.count <= Self.bytesMax else { throw .invalid("a statement is longer than \(Self.bytesMax) bytes") }
        guard !text.utf8.contains(0) else { throw .invalid("a statement has a NUL byte") }
        var reader = SQLScriptReader(text)
        statements = try reader.read()
        guard statements.count <= Self.statementsMax else { throw .invalid("there are more than \(Self.statementsMax) statements") }
    }

    /// Returns the statements of all scripts in a list.
    static func statements(_ scripts: [String]) throws(DatabaseError) -> [[Piece]] {
        var all: [[Piece]] = []
        for script in scripts { all += try SQLScript(script).statements }
        guard all.count <= statementsMax else { throw .invalid("there are more than \(statementsMax) statements") }
        return all
    }
}
