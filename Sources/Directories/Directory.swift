/// Opens sessions with LDAP directories.
package protocol Directory: Sendable {
    /// Connects to the first server of the target that answers and runs `body` with the session, on a thread that may block.
    ///
    /// - Throws: ``DirectoryError`` if no server can be reached; what `body` throws.
    func withSession<Value: Sendable>(
        _ target: DirectoryTarget, _ body: @escaping @Sendable (any DirectorySession) throws(DirectoryError) -> Value
    ) async throws(DirectoryError) -> Value

    /// Whether a server may be called, as far as its URL tells: false for an address that is not allowed, true for every name.
    func mayCall(_ server: DirectoryServer) -> Bool
}

/// A session with one server. Its calls block.
package protocol DirectorySession: AnyObject {
    /// Proves an identity with a password (RFC 4513, section 5.1.3).
    ///
    /// - Parameter name: A distinguished name, or what else the server takes for one, such as `ann@example.com`.
    /// - Throws: ``DirectoryError/invalid(_:)`` for an empty password, which servers accept without any proof;
    ///   ``DirectoryError/refused(_:)`` if the server does not accept the password.
    func bind(_ name: String, password: String) throws(DirectoryError)

    /// Goes on as nobody (RFC 4513, section 5.1.1).
    func bindAnonymously() throws(DirectoryError)

    /// Returns the entries that match, without those of other servers that the server refers to.
    ///
    /// - Throws: ``DirectoryError/tooLarge`` for more entries than the search allows.
    func search(_ search: DirectorySearch) throws(DirectoryError) -> [DirectoryEntry]
}

/// A question to a directory.
package struct DirectorySearch: Sendable, Hashable {
    /// How far below the base entries are looked for.
    package enum Scope: Sendable { case base, subtree }

    /// The distinguished name of the entry where the search begins.
    package var base: String
    /// Which entries are looked at.
    package var scope: Scope
    /// A filter (RFC 4515).
    package var filter: String
    /// The attributes to return.
    package var attributes: [String]
    /// How many entries may match. The search fails if there are more.
    package var entriesMax: Int

    /// Creates a question.
    package init(base: String, scope: Scope = .subtree, filter: String, attributes: [String], entriesMax: Int) {
        self.base = base
        self.scope = scope
        self.filter = filter
        self.attributes = attributes
        self.entriesMax = entriesMax
    }
}

/// An entry that was found.
package struct DirectoryEntry: Sendable, Hashable {
    /// The distinguished name.
    package var name: String
    /// The values of attributes, by their names in lower case. Values that are no UTF-8 are left out.
    package var attributes: [String: [String]]

    /// Creates an entry.
    package init(name: String, attributes: [String: [String]] = [:]) {
        self.name = name
        self.attributes = attributes
    }

    /// Returns the values of an attribute, whose name is read without regard to case.
    package func values(_ attribute: String) -> [String] { attributes[attribute.lowercased()] ?? [] }
}

/// Why a directory did not do what it was asked. No case holds a password or anything else that was sent.
package enum DirectoryError: Error, Hashable, Sendable {
    /// Settings or texts cannot be used. No server was asked.
    case invalid(String)
    /// Too many others wait for the same directory.
    case busy
    /// No server could be reached, or the connection was lost. The text is fixed.
    case unreachable(String)
    /// The server answered with this result code (RFC 4511, appendix A), which is not success.
    case refused(Int32)
    /// More entries match than the search allows, or the answer is too large.
    case tooLarge

    /// The reason for the log of the server. It holds nothing that a caller sent.
    package var reason: String {
        switch self {
        case .invalid(let text), .unreachable(let text): text
        case .busy: "too many logins wait for this directory"
        case .refused(let code): "the directory answered with \(ResultCode.text(code))"
        case .tooLarge: "the answer of the directory is too large"
        }
    }
}
