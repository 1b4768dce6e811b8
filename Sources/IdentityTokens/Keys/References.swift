import EngineKit
import Records
import Syntax

/// What others refer to, which cannot be deleted as long as they do.
enum Referenced: Sendable, Hashable {
    case key(String)
    case scope(String)
    case assignment(String)

    /// The folder of the indexes of all keys.
    static let keys = "use/key/"

    /// The folder of the index of those that refer to it.
    var prefix: String {
        switch self {
        case .key(let name): "\(Self.keys)\(name)/"
        case .scope(let name): "use/scope/\(name)/"
        case .assignment(let name): "use/assignment/\(name)/"
        }
    }

    fileprivate var text: String {
        switch self {
        case .key(let name): "key \"\(name)\""
        case .scope(let name): "scope \"\(name)\""
        case .assignment(let name): "assignment \"\(name)\""
        }
    }
}

/// What refers to others.
struct Referrer: Sendable, Hashable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case role, client, provider
    }

    var kind: Kind
    var name: String

    /// The name of the entry in an index: the kind and the name.
    var entry: String { "\(kind.rawValue)/\(name)" }
    var description: String { "\(kind.rawValue) \"\(name)\"" }

    init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Reads the name of an entry. Returns nil for a text that ``entry`` never returns.
    init?(entry: String) {
        guard let (kind, name) = entry.cutUTF8(at: "/"), let kind = Kind(rawValue: String(kind)) else { return nil }
        self.init(kind, String(name))
    }
}

extension IdentityTokens {
    /// Replaces what an object refers to in the indexes.
    func refer(_ referrer: Referrer, from old: Set<Referenced>, to new: Set<Referenced>, in batch: inout Batch) {
        for referenced in old.subtracting(new) { batch.delete(referenced.prefix + referrer.entry) }
        for referenced in new.subtracting(old) { batch.put(referenced.prefix + referrer.entry, []) }
    }

    /// Returns what refers to an object.
    func users(of referenced: Referenced) async throws -> [Referrer] {
        try await storage.list(Listing(prefix: referenced.prefix, isRecursive: true)).compactMap { Referrer(entry: $0) }
    }

    /// Throws if anything refers to the object.
    func refuseDeletion(of referenced: Referenced) async throws {
        let users = try await storage.list(Listing(prefix: referenced.prefix, limit: 10, isRecursive: true))
        guard !users.isEmpty else { return }
        let names = users.compactMap { Referrer(entry: $0)?.description }.joined(separator: ", ")
        throw CofferError.invalid("unable to delete \(referenced.text) because it is currently referenced by: \(names)")
    }

    /// Deletes a record that refers to no other, unless others refer to it. One that cannot be read is deleted too.
    func delete(_ name: String, from table: RecordTable<some Record>, as referenced: Referenced) async throws {
        try await change { batch in
            let (found, isDamaged) = try await table.findUnlessDamaged(name)
            guard found != nil || isDamaged else { return }
            try await refuseDeletion(of: referenced)
            table.delete(name, if: found?.unchanged ?? .none, into: &batch)
        }
    }
}
