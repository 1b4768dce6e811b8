package import EngineKit
package import Syntax

/// The record of a lease.
package struct LeaseEntry: Sendable, Hashable {
    /// What is to be done with the lease.
    package enum State: String, Sendable, Hashable {
        case active
        /// The lease is to be revoked. The attempt is repeated until it succeeds.
        case revoking
        /// Many attempts to revoke the lease failed, so that an operator should help. It is still tried once a day.
        case irrevocable
    }

    /// The path that was read, followed by 24 random characters, such as `database/creds/app/…`.
    package var id: String
    /// The id of the token with which the lease is revoked. Empty for a lease of an orphan batch token.
    package var tokenID: String
    /// The uuid of the mount whose engine revokes it.
    package var mountID: String
    /// The path of the mount when the lease was created, with its final slash.
    package var mountPath: String
    /// When the lease was created.
    package var issuedAt: Timestamp
    /// When the lease was last renewed; nil if it never was.
    package var renewedAt: Timestamp?
    /// When the lease ends.
    package var expiresAt: Timestamp
    /// The TTL that the lease was created with, in seconds.
    package var ttl: Int
    /// The longest lifetime of the lease from its creation, in seconds. No renewal extends it.
    package var maxTTL: Int
    /// The end of the batch token that the lease belongs to, which no renewal can pass. It is stored here because a batch
    /// token has no record.
    package var limit: Timestamp?
    /// Whether the lease can be renewed.
    package var isRenewable: Bool
    /// What the engine stored with the lease.
    package var data: JSONObject
    /// What is to be done with the lease.
    package var state = State.active
    /// The number of failed attempts to revoke the lease.
    package var attempts = 0
    /// Why the last attempt failed: fixed texts and names only.
    package var failure = ""
    /// When the next attempt is due; nil while the lease is active.
    package var retryAt: Timestamp?

    /// Whether the lease is active and has not ended.
    package func isActive(at now: Timestamp) -> Bool { state == .active && now < expiresAt }

    /// Returns the whole seconds that are left, rounded up.
    package func secondsLeft(at now: Timestamp) -> Int { expiresAt.secondsRoundedUp(since: now) }

    /// The lease as its engine sees it.
    package var held: HeldLease { HeldLease(id: id, data: data, issuedAt: issuedAt, expiresAt: expiresAt) }

    /// Returns the lease as `sys/leases/lookup` shows it.
    package func shown(at now: Timestamp) -> LeaseShown {
        LeaseShown(id: id, seconds: secondsLeft(at: now), isRenewable: isRenewable)
    }
}

extension LeaseEntry {
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "token": .string(tokenID), "mount": .string(mountID), "mount_path": .string(mountPath),
            "issued": .int(issuedAt.nanoseconds), "expires": .int(expiresAt.nanoseconds), "ttl": .int(ttl),
            "max_ttl": .int(maxTTL), "renewable": .bool(isRenewable), "state": .string(state.rawValue), "data": .object(data),
        ]
        if let limit { object["limit"] = .int(limit.nanoseconds) }
        if let renewedAt { object["renewed"] = .int(renewedAt.nanoseconds) }
        if let retryAt { object["retry"] = .int(retryAt.nanoseconds) }
        if attempts > 0 {
            object["attempts"] = .int(attempts)
            object["failure"] = .string(failure)
        }
        return object.encoded()
    }

    /// Returns nil if a required member is missing, which no record written by this code is.
    init?(id: String, encoded bytes: [UInt8]) {
        // The depth of an engine's data is not limited as that of requests is.
        guard let object = try? JSON(parsing: bytes, limits: JSONLimits(depthMax: 512)).objectValue,
            let tokenID = object["token"]?.stringValue, let mountID = object["mount"]?.stringValue,
            let mountPath = object["mount_path"]?.stringValue, let issued = object["issued"]?.intValue,
            let expires = object["expires"]?.intValue, let ttl = object["ttl"]?.intValue,
            let maxTTL = object["max_ttl"]?.intValue, let isRenewable = object["renewable"]?.boolValue,
            let state = object["state"]?.stringValue.flatMap(State.init(rawValue:)), let data = object["data"]?.objectValue
        else { return nil }
        self.init(
            id: id, tokenID: tokenID, mountID: mountID, mountPath: mountPath, issuedAt: Timestamp(nanoseconds: Int64(issued)),
            renewedAt: object["renewed"]?.intValue.map { Timestamp(nanoseconds: Int64($0)) },
            expiresAt: Timestamp(nanoseconds: Int64(expires)), ttl: ttl, maxTTL: maxTTL,
            limit: object["limit"]?.intValue.map { Timestamp(nanoseconds: Int64($0)) }, isRenewable: isRenewable, data: data,
            state: state, attempts: object["attempts"]?.intValue ?? 0, failure: object["failure"]?.stringValue ?? "",
            retryAt: object["retry"]?.intValue.map { Timestamp(nanoseconds: Int64($0)) })
    }
}
