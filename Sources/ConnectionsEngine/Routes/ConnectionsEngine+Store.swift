import EngineKit
import Records
import Syntax

extension ConnectionsEngine {
    /// The number of metadata entries of a connection.
    static let metadataMax = 32
    /// The size of one metadata value.
    static let metadataBytesMax = 1_024

    /// Handles a write to `tokens/{owner}/{environment}/{platform}`.
    func write(_ request: Request) async throws -> Response {
        let id = try id(request)
        let profile = environment.catalog[id.platform] ?? .unlisted(id.platform)
        let grant = try grant(request, profile)
        let kept = try await save(grant, as: id, profile: profile)
        counters.count(.stored, id.platform, at: time.now())
        emit(.info, .stored, message: "connection stored", id: id, request: request)
        var shown = described(kept, id)
        // The status describes the token that was sent, even if it can be refreshed.
        if kept.secondsLeft(at: now) < Grant.usableSecondsMin { shown["status"] = .string(Grant.State.expired.rawValue) }
        return Response(.data(.object(shown)))
    }

    /// Stores a grant in place of any that was there, and returns it with its generation. A refresh in progress loses its
    /// lease, and its answer is discarded.
    func save(_ new: Grant, as id: ConnectionID, profile: PlatformProfile) async throws -> Grant {
        try await store.storage.transact { batch in
            var grant = new
            let owner: OwnerKey
            if let held = try await store.owner(id.owner) {
                guard !held.isDeleting else { throw ConnectionFailure.deleting }
                owner = held
                batch.check(ConnectionStore.Key.owner(id.owner), .version(held.version))
            } else {
                owner = OwnerKey(randomness: randomness)
                batch.put(ConnectionStore.Key.owner(id.owner), owner.encoded, if: .absent)
            }
            let old = owner.version == 0 ? nil : try await store.load(id, owner: owner)
            // Callers who wait for a refresh compare generations, so one is never used twice, even after a deletion.
            grant.generation = max((old?.grant.generation ?? 0) + 1, now << 10)
            if grant.refreshToken == nil, let old, old.grant.accessToken == grant.accessToken {
                grant.refreshToken = old.grant.refreshToken
            }
            try store.put(
                grant, as: id, sealedBy: owner, if: old.map { .version($0.version) } ?? .absent, replacing: old?.grant,
                due: grant.due(profile), into: &batch)
            batch.delete(ConnectionStore.Key.flight(id))
            return grant
        }
    }

    // MARK: What was sent

    /// Returns the grant that a write describes.
    private func grant(_ request: Request, _ profile: PlatformProfile) throws(CofferError) -> Grant {
        let fields = request.fields
        let key = fields.string("api_key")
        guard let token = key ?? fields.string("access_token"), !token.isEmpty else {
            throw .invalid("missing field 'access_token' (or 'api_key')")
        }
        guard key == nil || fields.string("access_token") == nil else {
            throw .invalid("fields 'access_token' and 'api_key' cannot be used together")
        }
        let kind = try kind(fields.string("type"), hasKey: key != nil, profile: profile)
        var grant = Grant(kind: kind, accessToken: try checked(token, key == nil ? "access_token" : "api_key"), storedAt: now)
        if let refresh = fields.string("refresh_token"), !refresh.isEmpty {
            grant.refreshToken = try checked(refresh, "refresh_token")
        }
        if let type = fields.string("token_type"), !type.isEmpty {
            guard type.utf8.count <= 32, TokenReading.isPlain(type) else {
                throw .invalid("field 'token_type' must be at most 32 visible ASCII characters")
            }
            grant.tokenType = type
        }
        if fields.has("scopes") {
            grant.scopes = Array(fields.texts("scopes").flatMap(ScopeList.split).prefix(ScopeList.countMax))
        }
        try setExpiry(of: &grant, from: fields, profile: profile)
        grant.metadata = try metadata(fields.textMap("metadata"))
        grant.metadata["stored_by"] = grant.metadata["stored_by"] ?? request.actor
        return grant
    }

    /// Returns the kind of the grant: the one that was sent, or the one that fits the platform.
    private func kind(_ sent: String?, hasKey: Bool, profile: PlatformProfile) throws(CofferError) -> Grant.Kind {
        if let sent {
            guard let kind = Grant.Kind(rawValue: sent) else { throw .invalid("field 'type' must be oauth, api_key or manual") }
            // Without a profile it is unknown where the token could be refreshed.
            return kind == .oauth && environment.catalog[profile.name] == nil ? .manual : kind
        }
        if environment.catalog[profile.name] == nil { return .manual }
        if hasKey || profile.auth == .apiKey { return .apiKey }
        return profile.auth == .oauth2 || profile.auth == .clientCredentials ? .oauth : .manual
    }

    /// Returns the token if it can be sent in a header.
    private func checked(_ token: String, _ name: String) throws(CofferError) -> String {
        guard token.utf8.count <= TokenReading.tokenBytesMax, TokenReading.isPlain(token) else {
            throw .invalid("field '\(name)' must be at most 16 KiB of visible ASCII")
        }
        return token
    }

    /// Sets the expiry from `expires_at` or `expires_in`, or else from the profile's default.
    private func setExpiry(of grant: inout Grant, from fields: Fields, profile: PlatformProfile) throws(CofferError) {
        if let sent = fields.any("expires_at"), !sent.isNull {
            guard let seconds = UnixTime.seconds(sent) else {
                throw .invalid("field 'expires_at' must be seconds since 1970 or a time such as 2025-08-10T12:00:00Z")
            }
            grant.expiresAt = seconds
            grant.lifetime = max(seconds - now, 0)
        } else if let sent = fields.any("expires_in"), !sent.isNull {
            guard let number = TokenReading.number(sent), number <= Double(TokenReading.lifetimeMax) else {
                throw .invalid("field 'expires_in' must be a number of seconds from now, at most ten years")
            }
            // A negative number means that the token has already expired.
            let seconds = Int(max(number, 0))
            grant.expiresAt = now + seconds
            grant.lifetime = seconds
        } else if grant.kind == .oauth, let seconds = profile.defaultExpiresIn {
            grant.expiresAt = now + seconds
            grant.lifetime = seconds
        }
        // The lifetime of a token that was stored expired says nothing about when to refresh the next one.
        if grant.lifetime == 0 { grant.lifetime = nil }
    }

    private func metadata(_ sent: [String: String]) throws(CofferError) -> [String: String] {
        let isSmall =
            sent.count <= Self.metadataMax
            && sent.allSatisfy { $0.key.utf8.count <= 128 && $0.value.utf8.count <= Self.metadataBytesMax }
        guard isSmall else {
            throw .invalid(
                "field 'metadata' may have at most 32 entries, with keys of at most 128 bytes and values of at most 1 KiB")
        }
        return sent
    }

    // MARK: Answers

    /// Returns the description of a connection: everything but its tokens.
    func described(_ grant: Grant, _ id: ConnectionID) -> JSONObject {
        var object: JSONObject = [
            "owner": .string(id.owner.description), "environment": .string(id.environment), "platform": .string(id.platform),
            "type": .string(grant.kind.rawValue), "status": .string(shownState(grant, id.platform).rawValue),
            "expires_at": grant.expiresAt.map { .string(UnixTime.text($0)) } ?? .null, "scopes": .strings(grant.scopes ?? []),
            "has_refresh_token": .bool(grant.refreshToken != nil), "stored_at": .string(UnixTime.text(grant.storedAt)),
            "refreshed_at": grant.refreshedAt.map { .string(UnixTime.text($0)) } ?? .null,
            "metadata": .map(grant.metadata),
        ]
        if !grant.reason.isEmpty { object["reason"] = .string(grant.reason) }
        if grant.isInDoubt { object["refresh_in_doubt"] = true }
        if !grant.failures.isEmpty {
            object["failures"] = .array(
                grant.failures.map { ["at": .string(UnixTime.text($0.at)), "code": .string($0.code)] })
        }
        if grant.nextAttemptAt > now { object["next_attempt_at"] = .string(UnixTime.text(grant.nextAttemptAt)) }
        return object
    }

    /// Returns the state that a caller would meet now. It differs from the stored one if the token has expired since the record
    /// was written.
    func shownState(_ grant: Grant, _ platform: String) -> Grant.State {
        guard grant.mayRecover, grant.secondsLeft(at: now) < Grant.usableSecondsMin else { return grant.state }
        if grant.isInDoubt { return grant.isGivenUp(at: now) ? .expired : .failing }
        let profile = environment.catalog[platform] ?? .unlisted(platform)
        return grant.canRefresh(profile) ? grant.state : .expired
    }
}
