import EngineKit
import Records
import Syntax

/// How much an owner has, which is bounded.
struct OwnerCounts: Record, Hashable {
    var secrets = 0
    var pairs = 0
    /// Deleted secrets that can still be restored.
    var trashed = 0

    /// The largest number of secrets of an owner.
    static let secretsMax = 20_000
    /// The largest number of different providers and types, those of deleted secrets among them.
    static let pairsMax = 25_000
    /// The largest number of secrets together with the deleted ones that can still be restored.
    static let recordsMax = 25_000

    init() {}

    /// Throws if the owner may have no more.
    func check() throws(CofferError) {
        guard secrets <= Self.secretsMax else {
            throw UserSecretsFailure.limit("an owner has at most \(Self.secretsMax) secrets; delete some first")
        }
        guard secrets + trashed <= Self.recordsMax else {
            throw UserSecretsFailure.limit(
                "an owner has at most \(Self.recordsMax) secrets, those in the trash among them; empty the trash first")
        }
        guard pairs <= Self.pairsMax else {
            throw UserSecretsFailure.limit("an owner has at most \(Self.pairsMax) different providers and types")
        }
    }

    var stored: JSONObject {
        var object: JSONObject = ["secrets": .int(secrets), "pairs": .int(pairs)]
        if trashed > 0 { object["trashed"] = .int(trashed) }
        return object
    }

    init?(stored object: JSONObject) {
        guard let secrets = object["secrets"]?.countValue, let pairs = object["pairs"]?.countValue else { return nil }
        (self.secrets, self.pairs) = (secrets, pairs)
        trashed = object["trashed"]?.countValue ?? 0
    }
}
