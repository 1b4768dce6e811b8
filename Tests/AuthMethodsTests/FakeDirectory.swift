import Directories
import Synchronization
import Syntax

/// A directory in memory that reads filters as servers do: without regard to case, and with escapes.
final class FakeDirectory: Directory {
    struct Entry: Sendable {
        var name: String
        var attributes: [String: [String]]
        var password: String?
    }

    struct State: Sendable {
        var entries: [Entry] = []
        /// What every session fails with; nil while the directory works.
        var failure: DirectoryError?
        /// What was asked, in order: `bind NAME`, `search FILTER`.
        var log: [String] = []
        /// Whether anonymous searches find nothing.
        var hidesFromNobody = false
        /// What the last session was opened with.
        var target: DirectoryTarget?
    }

    let state = Mutex(State())

    /// Users below `ou=people`, groups below `ou=groups`, and an account that searches.
    static func ofCompany() -> FakeDirectory {
        let directory = FakeDirectory()
        directory.add("cn=searcher,dc=example", password: "searcher-password")
        directory.add("uid=app,ou=people,dc=example", ["uid": ["app"], "mail": ["app@example.com"]], password: "canary-password")
        directory.add("uid=Ann,ou=people,dc=example", ["uid": ["Ann"], "mail": ["ann@example.com"]], password: "ann-password")
        directory.add(
            "cn=Staff,ou=groups,dc=example", ["cn": ["Staff"], "member": ["uid=Ann,ou=people,dc=example"], "memberUid": ["app"]])
        directory.add("cn=Admins,ou=groups,dc=example", ["cn": ["Admins"], "member": ["uid=boss,ou=people,dc=example"]])
        return directory
    }

    func add(_ name: String, _ attributes: [String: [String]] = [:], password: String? = nil) {
        state.withLock { $0.entries.append(Entry(name: name, attributes: attributes, password: password)) }
    }

    func change(_ name: String, _ body: (inout Entry) -> Void) {
        state.withLock { state in
            for index in state.entries.indices where state.entries[index].name == name { body(&state.entries[index]) }
        }
    }

    func remove(_ name: String) { state.withLock { $0.entries.removeAll { $0.name == name } } }

    var log: [String] { state.withLock { $0.log } }

    /// As a server whose configuration closes the addresses of cloud metadata services.
    func mayCall(_ server: DirectoryServer) -> Bool { server.host != "169.254.169.254" }

    func withSession<Value: Sendable>(
        _ target: DirectoryTarget, _ body: @escaping @Sendable (any DirectorySession) throws(DirectoryError) -> Value
    ) async throws(DirectoryError) -> Value {
        let failure = state.withLock { state in
            state.target = target
            return state.failure
        }
        if let failure { throw failure }
        return try body(Session(self))
    }

    private final class Session: DirectorySession {
        private let directory: FakeDirectory
        private var isNobody = true

        init(_ directory: FakeDirectory) { self.directory = directory }

        func bind(_ name: String, password: String) throws(DirectoryError) {
            let isRight = directory.state.withLock { state in
                state.log.append("bind \(name)")
                return state.entries.contains { $0.name.lowercased() == name.lowercased() && $0.password == password }
            }
            // A real server accepts an empty password without looking at it.
            guard isRight || password.isEmpty else { throw .refused(ResultCode.invalidCredentials) }
            isNobody = password.isEmpty
        }

        func bindAnonymously() throws(DirectoryError) {
            directory.state.withLock { $0.log.append("bind") }
            isNobody = true
        }

        func search(_ search: DirectorySearch) throws(DirectoryError) -> [DirectoryEntry] {
            var rest = search.filter.utf8[...]
            guard let filter = FakeFilter(&rest), rest.isEmpty else { throw .invalid("a search filter is malformed") }
            let found = directory.state.withLock { state -> [DirectoryEntry] in
                state.log.append("search \(search.filter)")
                if isNobody, state.hidesFromNobody { return [] }
                return state.entries.filter { entry in
                    let name = entry.name.lowercased()
                    let base = search.base.lowercased()
                    guard search.scope == .base ? name == base : base.isEmpty || name == base || name.hasSuffix("," + base) else {
                        return false
                    }
                    return filter.matches(entry.attributes)
                }.map { entry in
                    let wanted = entry.attributes.filter { pair in
                        search.attributes.contains { $0.lowercased() == pair.key.lowercased() }
                    }
                    return DirectoryEntry(
                        name: entry.name,
                        attributes: Dictionary(uniqueKeysWithValues: wanted.map { ($0.key.lowercased(), $0.value) }))
                }
            }
            guard found.count <= search.entriesMax else { throw .tooLarge }
            return found
        }
    }
}

/// A filter (RFC 4515) of equality, presence, and, or, and not.
private indirect enum FakeFilter {
    case all([FakeFilter])
    case any([FakeFilter])
    case not(FakeFilter)
    case equal(String, String)
    case present(String)

    init?(_ rest: inout Substring.UTF8View) {
        guard rest.popFirst() == UInt8(ascii: "(") else { return nil }
        switch rest.first {
        case UInt8(ascii: "&"), UInt8(ascii: "|"):
            let isAll = rest.removeFirst() == UInt8(ascii: "&")
            var parts: [FakeFilter] = []
            while rest.first == UInt8(ascii: "(") {
                guard let part = FakeFilter(&rest) else { return nil }
                parts.append(part)
            }
            self = isAll ? .all(parts) : .any(parts)
        case UInt8(ascii: "!"):
            rest.removeFirst()
            guard let part = FakeFilter(&rest) else { return nil }
            self = .not(part)
        default:
            let attribute = rest.prefix { $0 != UInt8(ascii: "=") }
            let value = rest.dropFirst(attribute.count + 1).prefix { $0 != UInt8(ascii: ")") }
            guard !attribute.isEmpty, !attribute.contains(UInt8(ascii: "(")), !value.contains(UInt8(ascii: "(")) else { return nil }
            rest = rest.dropFirst(attribute.count + 1 + value.count)
            let name = String(Substring(attribute)).lowercased()
            if value.elementsEqual("*".utf8) {
                self = .present(name)
            } else {
                guard !value.contains(UInt8(ascii: "*")), let text = Self.unescaped(value) else { return nil }
                self = .equal(name, text)
            }
        }
        guard rest.popFirst() == UInt8(ascii: ")") else { return nil }
    }

    private static func unescaped(_ value: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = value
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let decoded = Hex.decode(String(Substring(rest.prefix(2)))), decoded.count == 1 else { return nil }
            bytes += decoded
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func matches(_ attributes: [String: [String]]) -> Bool {
        let values = { (name: String) in attributes.first { $0.key.lowercased() == name }?.value ?? [] }
        switch self {
        case .all(let parts): return parts.allSatisfy { $0.matches(attributes) }
        case .any(let parts): return parts.contains { $0.matches(attributes) }
        case .not(let part): return !part.matches(attributes)
        case .equal(let name, let value): return values(name).contains { $0.lowercased() == value.lowercased() }
        case .present(let name): return name == "objectclass" || !values(name).isEmpty
        }
    }
}
