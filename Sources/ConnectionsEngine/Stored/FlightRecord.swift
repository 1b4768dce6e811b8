import Crypto
import EngineKit
import Syntax

/// The stored lease of a refresh, written before the refresh token is sent to the provider.
///
/// It ensures that only one node refreshes a connection at a time. A lease that is left over shows that a process ended in the
/// middle of a refresh: whether the token was spent is then unknown, and the connection is in doubt.
struct FlightRecord: Sendable, Hashable {
    /// The id of the process that holds the lease.
    var holder: String
    /// When the lease expires, in seconds since 1970. Until then no other process refreshes the connection.
    var expiresAt: Int
    /// A digest of the refresh token, which tells whether the stored token is still the one that was sent.
    var digest: String
}

extension FlightRecord {
    /// The record as it is stored.
    func encoded() -> [UInt8] {
        JSON.object(["holder": .string(holder), "until": .int(expiresAt), "digest": .string(digest)]).encoded()
    }

    /// Reads a stored lease.
    init(decoding bytes: [UInt8], key: String) throws(StorageError) {
        guard let json = try? JSON(parsing: bytes), let holder = json["holder"]?.stringValue,
            let expiresAt = json["until"]?.intValue, let digest = json["digest"]?.stringValue
        else { throw .corrupted(key: key) }
        self.init(holder: holder, expiresAt: expiresAt, digest: digest)
    }

    /// Returns the first 16 bytes of the SHA-256 digest of a grant's refresh token, in hex.
    static func digest(of grant: Grant) -> String {
        let code = SHA256.hash(data: Array((grant.refreshToken ?? "").utf8))
        return Hex.encode(code.prefix(16))
    }
}
