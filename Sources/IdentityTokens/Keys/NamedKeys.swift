import EngineKit
import Identity
import JOSE
import Records
import Syntax

/// The named keys: found, made, rotated.
struct NamedKeys: Sendable {
    /// The key that exists without being made, and cannot be deleted.
    static let defaultName = "default"
    /// The most named keys, all of which are published.
    static let namesMax = 128

    let table: RecordTable<NamedKey>
    let time: any TimeSource
    let randomness: any Randomness

    init(storage: any Storage, time: any TimeSource, randomness: any Randomness) {
        table = RecordTable(storage: storage, prefix: "key/", parsedMax: Self.namesMax)
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
        return try await table.edit(name) { stored, _ in
            let key = stored ?? made
            stored = key
            return key
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
        try await table.edit(name) { stored, _ in
            guard var key = stored, key.settings.algorithm == known.settings.algorithm else {
                throw CofferError(.conflict, "the key was changed at the same time; try again")
            }
            try key.rotate(
                to: made, at: time.now().seconds, verificationTTL: verificationTTL ?? key.settings.verificationTTL)
            stored = key
        }
    }

    /// Rotates the keys whose period is over and drops public keys whose time is over.
    ///
    /// Whatever another node did in the meantime is decided on the stored record, so a key is rotated once.
    func rotateDue() async throws {
        let now = time.now().seconds
        for name in try await names() {
            guard let known = try await table.find(name)?.value else { continue }
            let isDue = known.nextRotation <= now
            guard isDue || known.retired.contains(where: { $0.until <= now }) else { continue }
            let made = isDue ? try await makePair(known.settings.algorithm) : nil
            try await table.edit(name) { stored, _ in
                guard var key = stored else { return }
                let hasForgotten = key.forgetEnded(at: now)
                // A key with too many versions rotates when one of them has ended.
                let mayRotate = key.nextRotation <= now && key.retired.count < NamedKey.retiredMax
                if let made, mayRotate, key.settings.algorithm == known.settings.algorithm {
                    try key.rotate(to: made, at: now, verificationTTL: key.settings.verificationTTL)
                } else if !hasForgotten {
                    return
                }
                stored = key
            }
        }
    }

    /// Returns the public keys that tokens can be verified with, of the named keys of these names.
    func published(_ names: [String]) async throws -> (keys: [JSONObject], nextRotation: Int?) {
        let now = time.now().seconds
        var (keys, nextRotation) = ([JSONObject](), Int?.none)
        for name in names {
            guard let key = try await table.find(name)?.value else { continue }
            keys += key.published(at: now)
            nextRotation = min(nextRotation ?? key.nextRotation, key.nextRotation)
        }
        return (keys, nextRotation)
    }
}
