import EngineKit
import SecretMemory
import Syntax

/// The stored hash of a password.
struct PasswordHash: Sendable, Hashable {
    let salt: [UInt8]
    let bytes: [UInt8]
    let cost: HashCost

    static let byteCount = 32
    static let saltByteCount = 16

    /// A hash that no password matches.
    static let matchingNothing = PasswordHash(salt: [], bytes: [], cost: .standard)

    /// Whether the hash has these bytes. Compares in constant time.
    func matches(_ other: [UInt8]) -> Bool { constantTimeEqual(bytes, other) }
}

extension PasswordHash {
    var stored: JSONObject {
        [
            "kdf": "scrypt", "n": .int(cost.rounds), "r": .int(cost.blockSize), "p": .int(cost.parallelism),
            "salt": .string(Hex.encode(salt)), "hash": .string(Hex.encode(bytes)),
        ]
    }

    init?(stored object: JSONObject) {
        guard object["kdf"]?.stringValue == "scrypt", let rounds = object["n"]?.intValue, let blockSize = object["r"]?.intValue,
            let parallelism = object["p"]?.intValue, let salt = object["salt"]?.stringValue.flatMap({ Hex.decode($0) }),
            let bytes = object["hash"]?.stringValue.flatMap({ Hex.decode($0) })
        else { return nil }
        let cost = HashCost(rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        guard cost.isSane, bytes.count == Self.byteCount, salt.count == Self.saltByteCount else { return nil }
        self.init(salt: salt, bytes: bytes, cost: cost)
    }
}
