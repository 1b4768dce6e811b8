package import EngineKit
package import Syntax

/// What is stored of a lease.
package struct LeaseEntry: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case active
        /// Its revocation was decided and is tried until it succeeds.
        case revoking
        /// So many attempts failed that an operator should help; it is tried once a day all the same.
        case irrevocable
    }

    /// The path that was read and 24 random characters: `database/creds/app/…`.
    package var id: String
    /// The token whose revocation takes it along; empty for that of an orphan batch token.
    package var tokenID: String
    /// The uuid of the mount whose engine revokes it.
    package var mountID: String
    /// With a final slash, as it was when the lease was made.
    package var mountPath: String
    package var issuedAt: Timestamp
    package var renewedAt: Timestamp?
    package var expiresAt: Timestamp
    /// Seconds it was made with.
    package var ttl: Int
    /// Seconds from its beginning that no renewal passes.
    package var maxTTL: Int
    /// A moment that no renewal passes: the end of a batch token, which is on no record.
    package var limit: Timestamp?
    package var isRenewable: Bool
    /// The engine's own.
    package var data: JSONObject
    package var state = State.active
    /// Revocations that failed.
    package var attempts = 0
    /// Why the last one failed; static text or names.
    package var failure = ""
    /// When revocation is tried next.
    package var retryAt: Timestamp?

    package func isActive(at now: Timestamp) -> Bool { state == .active && now < expiresAt }

    /// Whole seconds left, rounded up.
    package func secondsLeft(at now: Timestamp) -> Int { expiresAt.secondsRoundedUp(since: now) }

    package var held: HeldLease { HeldLease(id: id, data: data, issuedAt: issuedAt, expiresAt: expiresAt) }

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

    /// nil when a required member is missing: the record was not written by this code.
    init?(id: String, encoded bytes: [UInt8]) {
        // An engine's data is its own affair, so no limit of requests applies to its depth.
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
