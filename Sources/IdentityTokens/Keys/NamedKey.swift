import EngineKit
import JOSE
import Records
import Syntax

/// A named key: the pair that signs, the one that follows it, and the public parts of those that signed before.
///
/// The pair that follows is published before it signs, so that verifiers that keep the set of keys know it in time.
struct NamedKey: Record, Hashable {
    /// A pair of keys. The private part is sealed with the record.
    struct Pair: Hashable, Sendable {
        /// The private key as ``SigningKey/stored`` has it.
        var privateKey: [UInt8]
        /// The public key as a JWK.
        var publicKey: JSONObject
    }

    /// The public part of a pair that no longer signs.
    struct Retired: Hashable, Sendable {
        var publicKey: JSONObject
        /// When tokens can no longer be verified with it, in seconds since 1970.
        var until: Int
    }

    var settings: KeySettings
    /// When the current pair began to sign, in seconds since 1970.
    var rotatedAt: Int
    var current: Pair
    var next: Pair
    /// The newest first.
    var retired: [Retired] = []

    /// The most pairs that are kept for verification. With automatic rotation alone there are eleven at most.
    static let retiredMax = 32
}

extension NamedKey {
    /// When the next pair begins to sign, in seconds since 1970.
    var nextRotation: Int { Timestamp(seconds: rotatedAt).adding(seconds: settings.rotationPeriod).seconds }

    /// Returns the public keys that verifiers need: of the next pair, the current one, and those whose time is not over.
    func published(at now: Int) -> [JSONObject] {
        [current.publicKey, next.publicKey] + retired.filter { now < $0.until }.map(\.publicKey)
    }

    /// Makes the next pair sign.
    ///
    /// - Parameters:
    ///   - made: The pair that follows it.
    ///   - verificationTTL: How long tokens of the replaced pair can be verified, in seconds. With 0 they cannot from now on.
    /// - Throws: `.invalidRequest` if too many pairs would be kept.
    mutating func rotate(to made: Pair, at now: Int, verificationTTL: Int) throws(CofferError) {
        forgetEnded(at: now)
        if verificationTTL > 0 {
            guard retired.count < Self.retiredMax else {
                throw .invalid(
                    "\(Self.retiredMax) replaced versions of this key still verify tokens, which is the limit; rotate with "
                        + "verification_ttl=0, or wait until one of them has ended")
            }
            let until = Timestamp(seconds: now).adding(seconds: verificationTTL).seconds
            retired.insert(Retired(publicKey: current.publicKey, until: until), at: 0)
        }
        (current, next, rotatedAt) = (next, made, now)
    }

    /// Drops the public keys whose time is over. Returns whether there were any.
    @discardableResult
    mutating func forgetEnded(at now: Int) -> Bool {
        let before = retired.count
        retired.removeAll { $0.until <= now }
        return retired.count != before
    }
}

extension NamedKey {
    var stored: JSONObject {
        var object = KeySettings.settings.stored(settings)
        object["rotated"] = .int(rotatedAt)
        object["current"] = .object(current.stored)
        object["next"] = .object(next.stored)
        object["retired"] = .array(retired.map { ["public": .object($0.publicKey), "until": .int($0.until)] })
        return object
    }

    init?(stored object: JSONObject) {
        guard let settings = KeySettings.settings.read(object), let rotatedAt = object["rotated"]?.countValue,
            let current = object["current"]?.objectValue.flatMap(Pair.init(stored:)),
            let next = object["next"]?.objectValue.flatMap(Pair.init(stored:)), let rows = object["retired"]?.arrayValue
        else { return nil }
        self.init(settings: settings, rotatedAt: rotatedAt, current: current, next: next)
        for row in rows {
            guard let key = row["public"]?.objectValue, let until = row["until"]?.countValue else { return nil }
            retired.append(Retired(publicKey: key, until: until))
        }
    }
}

extension NamedKey.Pair {
    /// The identifier by which tokens name the pair.
    var id: String { publicKey["kid"]?.stringValue ?? "" }

    var stored: JSONObject { ["private": .string(Base64.encode(privateKey)), "public": .object(publicKey)] }

    init?(stored object: JSONObject) {
        guard let key = object["private"]?.stringValue.flatMap({ Base64.decode($0) }),
            let publicKey = object["public"]?.objectValue,
            publicKey["kid"]?.stringValue != nil
        else { return nil }
        self.init(privateKey: key, publicKey: publicKey)
    }
}
