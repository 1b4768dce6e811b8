import DatabaseClients

/// SQL statements with placeholders, read as PostgreSQL reads them: strings, quoted names, dollar quotes and comments
/// are known, so a `;` inside of one ends nothing and every placeholder knows what encloses it.
struct SQLScript: Sendable {
    enum Context: Sendable, Hashable {
        case bare
        /// `'…'`
        case string
        /// `E'…'` and `U&'…'`, where a backslash means something.
        case escapeString
        /// `"…"`
        case identifier
        /// Between two of these marks, such as `$$`.
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

    /// Without the semicolons; statements of nothing but space and comments are left out.
    private(set) var statements: [[Piece]] = []

    init(_ text: String) throws(DatabaseError) {
        guard text.utf8.count <= Self.bytesMax else { throw .invalid("a statement is longer than \(Self.bytesMax) bytes") }
        guard !text.utf8.contains(0) else { throw .invalid("a statement has a NUL byte") }
        var reader = SQLScriptReader(text)
        statements = try reader.read()
        guard statements.count <= Self.statementsMax else { throw .invalid("there are more than \(Self.statementsMax) statements") }
    }

    /// Every script in a list, one after the other.
    static func statements(_ scripts: [String]) throws(DatabaseError) -> [[Piece]] {
        var all: [[Piece]] = []
        for script in scripts { all += try SQLScript(script).statements }
        guard all.count <= statementsMax else { throw .invalid("there are more than \(statementsMax) statements") }
        return all
    }
}
