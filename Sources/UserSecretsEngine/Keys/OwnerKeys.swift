import Crypto
import EngineKit
import Records
import Syntax

/// The data keys of an owner, each wrapped under a key that is derived from the mount's root secret.
///
/// Without this record nothing of the owner can be opened any more, not even from a backup of the others.
struct OwnerKeys: Record {
    /// A wrapped data key.
    struct Version: Sendable, Hashable {
        var number: Int
        /// The number of the root secret's version.
        var root: Int
        /// `nonce (12) | ciphertext (32) | tag (16)` of AES-256-GCM.
        var wrapped: [UInt8]
        var createdAt: Timestamp
    }

    /// The versions, oldest first; empty only if the owner is being deleted. There are two while the owner's secrets are sealed again.
    private(set) var versions: [Version]
    /// Whether the owner is being deleted, so that nothing of it is read or written any more.
    var isDeleting = false

    /// Makes the first data key of an owner.
    init(
        of owner: Owner, under root: RootSecret, at now: Timestamp, randomness: any Randomness
    ) throws(CofferError) {
        versions = [try Self.make(1, of: owner, under: root.current, at: now, randomness: randomness)]
    }

    /// What is left of the keys of an owner who is being deleted.
    static var destroyed: OwnerKeys { OwnerKeys() }

    private init() { (versions, isDeleting) = ([], true) }

    /// Whether no version is left.
    var isDestroyed: Bool { versions.isEmpty }

    /// The number of the version that values are sealed under; 0 if the keys are destroyed.
    var currentNumber: Int { versions.last?.number ?? 0 }

    /// Returns the keys with a new version, which values are sealed under from now on.
    func adding(
        _ owner: Owner, under root: RootSecret, at now: Timestamp, randomness: any Randomness
    ) throws(CofferError) -> OwnerKeys {
        var keys = self
        keys.versions.append(
            try Self.make(currentNumber + 1, of: owner, under: root.current, at: now, randomness: randomness))
        return keys
    }

    /// The keys with the newest version alone.
    var withoutOlder: OwnerKeys {
        var keys = self
        keys.versions = Array(versions.suffix(1))
        return keys
    }

    private static func make(
        _ number: Int, of owner: Owner, under root: RootSecret.Version, at now: Timestamp, randomness: any Randomness
    ) throws(CofferError) -> Version {
        do {
            let box = try AES.GCM.seal(
                randomness.bytes(32), using: root.wrappingKey(for: owner, version: number),
                nonce: AES.GCM.Nonce(data: randomness.bytes(12)),
                authenticating: RootSecret.Version.info(owner, version: number))
            return Version(number: number, root: root.number, wrapped: Array(box.nonce) + box.ciphertext + box.tag, createdAt: now)
        } catch {
            throw CofferError(.internal, "the owner's key could not be wrapped")
        }
    }

    /// Opens the data key of a version. Returns nil if there is none of that number, or if it is not the owner's.
    func dataKey(_ number: Int, of owner: Owner, under root: RootSecret) -> DataKey? {
        guard let version = versions.first(where: { $0.number == number }), let secret = root[version.root],
            let box = try? AES.GCM.SealedBox(combined: version.wrapped),
            let key = try? AES.GCM.open(
                box, using: secret.wrappingKey(for: owner, version: number),
                authenticating: RootSecret.Version.info(owner, version: number)),
            key.count == 32
        else { return nil }
        return DataKey(version: number, key: SymmetricKey(data: key))
    }

    var stored: JSONObject {
        var object: JSONObject = [
            "versions": .array(
                versions.map { version in
                    [
                        "number": .int(version.number), "root": .int(version.root),
                        "wrapped": .string(Base64.encode(version.wrapped)),
                        "created_at": .int(version.createdAt.nanoseconds),
                    ]
                })
        ]
        if isDeleting { object["deleting"] = true }
        return object
    }

    init?(stored object: JSONObject) {
        guard let rows = object["versions"]?.arrayValue else { return nil }
        versions = []
        for row in rows {
            guard let number = row["number"]?.countValue, number > versions.last?.number ?? 0,
                let root = row["root"]?.countValue, let createdAt = row["created_at"]?.momentValue,
                let wrapped = row["wrapped"]?.stringValue.flatMap({ Base64.decode($0, allowing: []) }), wrapped.count == 60
            else { return nil }
            versions.append(Version(number: number, root: root, wrapped: wrapped, createdAt: createdAt))
        }
        isDeleting = object["deleting"]?.boolValue ?? false
        guard !versions.isEmpty || isDeleting else { return nil }
    }
}

extension JSON {
    /// A stored time, in nanoseconds since 1970; nil for anything else.
    var momentValue: Timestamp? { intValue.map { Timestamp(nanoseconds: Int64($0)) } }
}
