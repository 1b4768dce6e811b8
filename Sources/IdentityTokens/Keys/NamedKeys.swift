import EngineKit
import Identity
import JOSE
import Records
import Syntax

/// The named keys: found, made, rotated.
struct NamedKeys: Sendable {
    /// The key that exists without being made, and cannot be deleted.
    static let defaultName = "default"
    /// The most named keys that are made, all of which are published.
    static let namesMax = 128
    /// The most keys that are rotated in a round, because the leader's other jobs wait for it.
    private static let rotationsMax = 2

    let table: RecordTable<NamedKey>
    let time: any TimeSource
    let randomness: any Randomness

    init(storage: any Storage, time: any TimeSource, randomness: any Randomness) {
        table = RecordTable(storage: storage, prefix: "key/", parsedMax: Self.namesMax + 1)  // With the default key.
        self.time = time
        self.randomness = randomness
    }

    /// Returns the key of that name, or nil if there is none. The default key is made when it is needed for the first time.
    func find(_ name: String) async throws -> NamedKey? {
        guard ObjectName.isValid(name) else { return nil }
        if let found = try await table.find(name)?.value { return found }
        guard name == Self.defaultName else { return nil }
        var settings = KeySettings()
        settings.allowedClientIDs = ["*"]
        let made = try await make(settings)
        return try await table.edit(name) { stored, batch in
            if let stored { return stored }
            stored = made
            IdentityTokens.noteChange(in: &batch)
            return made
        }
    }

    /// Returns the names of all keys.
    func names() async throws -> [String] { try await table.names(Paging(limit: Self.namesMax + 1)) }

    /// Returns a key that begins to sign now.
    func make(_ settings: KeySettings) async throws -> NamedKey {
        NamedKey(
            settings: settings, rotatedAt: time.now().seconds, current: try await makePair(settings.algorithm),
            next: try await makePair(settings.algorithm))
    }

    /// Makes a pair, an RSA pair on a thread of its own, since that takes long.
    func makePair(_ algorithm: KeyAlgorithm) async throws(CofferError) -> NamedKey.Pair {
        let id = randomness.uuid()
        guard algorithm.isRSA else { return try Self.pair(algorithm, id: id) }
        return try await WorkThreads.patient.run { () throws(CofferError) in try Self.pair(algorithm, id: id) }
    }

    private static func pair(_ algorithm: KeyAlgorithm, id: String) throws(CofferError) -> NamedKey.Pair {
        do throws(JOSEError) {
            let key = try SigningKey(generating: algorithm.signature)
            return NamedKey.Pair(privateKey: key.stored, publicKey: try key.publicJWK(id: id))
        } catch {
            throw CofferError(.internal, "a key could not be made")
        }
    }

    /// Makes the next pair of a key sign.
    ///
    /// - Parameter verificationTTL: How long tokens of the replaced pair can be verified, in seconds; nil for what the key says.
    /// - Throws: `.notFound` if there is no such key.
    func rotate(_ name: String, verificationTTL: Int? = nil) async throws {
        guard let known = try await find(name) else { throw CofferError(.notFound, "no named key found at this name") }
        let made = try await makePair(known.settings.algorithm)
        try await table.edit(name) { stored, batch in
            guard var key = stored, key.settings.algorithm == known.settings.algorithm else {
                throw CofferError(.conflict, "the key was changed at the same time; try again")
            }
            let ttl = verificationTTL ?? key.settings.verificationTTL
            if ttl > 0 {
                // No longer than the key itself may say.
                var settings = key.settings
                settings.verificationTTL = ttl
                try settings.check()
            }
            try key.rotate(to: made, at: time.now().seconds, verificationTTL: ttl)
            stored = key
            IdentityTokens.noteChange(in: &batch)
        }
    }

    /// Rotates keys whose period is over, a few at a time and those first that have waited for longest, and drops public keys whose
    /// time is over.
    ///
    /// Whatever another node did in the meantime is decided on the stored record, so a key is rotated once. A key that cannot be read
    /// keeps no other from being rotated.
    ///
    /// - Throws: ``StorageError/corrupted(key:)`` about the first such key, after all others were looked at.
    func rotateDue() async throws {
        let now = time.now().seconds
        var due: [(name: String, key: NamedKey)] = []
        var damaged: String?
        for name in try await names() {
            let (found, isDamaged) = try await table.findUnlessDamaged(name)
            if isDamaged, damaged == nil { damaged = table.prefix + name }
            guard let key = found?.value else { continue }
            // A key with too many versions rotates when one of them has ended.
            let mayRotate = key.retired.count { now < $0.until } < NamedKey.retiredMax
            if key.nextRotation <= now, mayRotate {
                due.append((name, key))
            } else if key.retired.contains(where: { $0.until <= now }) {
                try await rotate(name, at: now, to: nil)
            }
        }
        due.sort { $0.key.nextRotation < $1.key.nextRotation }
        for (name, key) in due.prefix(Self.rotationsMax) {
            try await rotate(name, at: now, to: try await makePair(key.settings.algorithm), of: key.settings.algorithm)
        }
        if let damaged { throw StorageError.corrupted(key: damaged) }
    }

    /// Drops the public keys of a key whose time is over, and rotates it if its period is over.
    ///
    /// - Parameter made: The pair that follows; nil not to rotate.
    private func rotate(_ name: String, at now: Int, to made: NamedKey.Pair?, of algorithm: KeyAlgorithm? = nil) async throws {
        try await table.edit(name) { stored, batch in
            guard var key = stored else { return }
            let hasForgotten = key.forgetEnded(at: now)
            let mayRotate = key.nextRotation <= now && key.retired.count < NamedKey.retiredMax
            if let made, mayRotate, key.settings.algorithm == algorithm {
                try key.rotate(to: made, at: now, verificationTTL: key.settings.verificationTTL)
            } else if !hasForgotten {
                return
            }
            stored = key
            IdentityTokens.noteChange(in: &batch)
        }
    }

    /// Returns the public keys that tokens can be verified with, of the named keys of these names. One that cannot be read is left
    /// out, so that the others can be used.
    func published(_ names: [String]) async throws(StorageError) -> (keys: [JSONObject], nextRotation: Int?, firstEnd: Int?) {
        let now = time.now().seconds
        var (keys, nextRotation, firstEnd) = ([JSONObject](), Int?.none, Int?.none)
        for name in names {
            guard let key = try await table.findUnlessDamaged(name).found?.value else { continue }
            keys += key.published(at: now)
            nextRotation = min(nextRotation ?? key.nextRotation, key.nextRotation)
            for end in key.retired.map(\.until) where now < end { firstEnd = min(firstEnd ?? end, end) }
        }
        return (keys, nextRotation, firstEnd)
    }
}
