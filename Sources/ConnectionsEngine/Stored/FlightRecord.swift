import Crypto
import EngineKit
import Syntax

/// Says, before a provider is asked, that a refresh token is being spent, and by whom.
///
/// It is the lease of the one refresh under way on all nodes, and what is left when a process dies in the middle: then
/// nobody knows whether the token is still good, and the connection is in doubt.
struct FlightRecord: Sendable, Hashable {
    var holder: String
    /// Seconds since 1970. Nobody else refreshes before.
    var until: Int
    /// Of the refresh token, so that a later one is not taken for it.
    var digest: String

    func encoded() -> [UInt8] {
        JSON.object(["holder": .string(holder), "until": .int(until), "digest": .string(digest)]).encoded()
    }

    init(holder: String, until: Int, digest: String) {
        self.holder = holder
        self.until = until
        self.digest = digest
    }

    init(decoding bytes: [UInt8], key: String) throws(StorageError) {
        guard let json = try? JSON(parsing: bytes), let holder = json["holder"]?.stringValue,
            let until = json["until"]?.intValue, let digest = json["digest"]?.stringValue
        else { throw .corrupted(key: key) }
        self.init(holder: holder, until: until, digest: digest)
    }

    static func digest(of grant: Grant) -> String {
        let code = SHA256.hash(data: Array((grant.refreshToken ?? "").utf8))
        return Hex.encode(code.prefix(16))
    }
}
