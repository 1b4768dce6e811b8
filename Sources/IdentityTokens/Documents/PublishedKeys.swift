import EngineKit
import Records
import Syntax

/// A set of public keys that tokens can be verified with.
struct PublishedKeys: Sendable {
    var keys: [JSONObject]
    /// When one of the named keys rotates, in seconds since 1970; nil if there are no keys.
    var nextRotation: Int?

    /// The version of the record that every change writes, when the set was read; 0 if nothing was ever changed.
    fileprivate var version: UInt64
    /// When the first of the keys ends, in seconds since 1970; nil for none.
    fileprivate var firstEnd: Int?
}

/// The sets that were published last, by the names of their providers, so that a document that anybody may ask for costs one read.
final class PublishedKeysCache: Sendable {
    private let sets = UnfairLock<[String: PublishedKeys]>([:])
    private static let setsMax = 64

    fileprivate func set(_ name: String) -> PublishedKeys? { sets.withLock { $0[name] } }

    fileprivate func keep(_ set: PublishedKeys, as name: String) {
        sets.withLock { sets in
            if sets.count >= Self.setsMax { sets.removeAll() }
            sets[name] = set
        }
    }
}

extension IdentityTokens {
    /// Returns the keys of all tokens.
    func publishedKeys() async throws -> PublishedKeys {
        // The default key may be made at any time.
        try await published("") { Set(try await keys.names()).union([NamedKeys.defaultName]) }
    }

    /// Returns the keys of the tokens of a provider: those of all clients that it serves.
    func publishedKeys(of provider: Provider, named name: String) async throws -> PublishedKeys {
        try await published(name) { try await keyNames(of: provider) }
    }

    private func published(_ name: String, _ names: () async throws -> Set<String>) async throws -> PublishedKeys {
        // Read first: what changes after that has another version.
        let version = try await storage.get(Self.changes)?.version ?? 0
        let now = time.now().seconds
        if let kept = publishedCache.set(name), kept.version == version, kept.firstEnd.map({ now < $0 }) ?? true { return kept }
        let (keys, nextRotation, firstEnd) = try await self.keys.published(try await names().sorted())
        let made = PublishedKeys(keys: keys, nextRotation: nextRotation, version: version, firstEnd: firstEnd)
        publishedCache.keep(made, as: name)
        return made
    }

    private func keyNames(of provider: Provider) async throws -> Set<String> {
        var names: Set<String> = []
        if provider.allows(clientID: "*") {
            for entry in try await storage.list(Listing(prefix: Referenced.keys, isRecursive: true)) {
                guard let (name, rest) = entry.cutUTF8(at: "/"), Referrer(entry: String(rest))?.kind == .client else { continue }
                names.insert(String(name))
            }
        } else {
            for id in provider.allowedClientIDs {
                guard let name = try await clientName(id: id) else { continue }
                if let client = try await clients.findUnlessDamaged(name).found?.value, client.clientID.equalsUTF8(id) {
                    names.insert(client.key)
                }
            }
        }
        return names
    }
}
