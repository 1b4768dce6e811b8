import EngineKit
import Records
import Syntax

/// How much an owner has, which is bounded.
struct OwnerCounts: Record, Hashable {
    var secrets = 0
    var pairs = 0

    /// The largest number of secrets of an owner.
    static let secretsMax = 20_000
    /// The largest number of different providers and types, those of deleted secrets among them.
    static let pairsMax = 25_000

    init() {}

    /// Throws if the owner may have no more.
    func check() throws(CofferError) {
        guard secrets <= Self.secretsMax else {
            throw UserSecretsFailure.limit("an owner has at most \(Self.secretsMax) secrets; delete some first")
        }
        guard pairs <= Self.pairsMax else {
            throw UserSecretsFailure.limit("an owner has at most \(Self.pairsMax) different providers and types")
        }
    }

    var stored: JSONObject { ["secrets": .int(secrets), "pairs": .int(pairs)] }

    init?(stored object: JSONObject) {
        guard let secrets = object["secrets"]?.countValue, let pairs = object["pairs"]?.countValue else { return nil }
        (self.secrets, self.pairs) = (secrets, pairs)
    }
}
