import EngineKit
import Logging
import Syntax

/// What becomes of a connection after its provider was asked, or was not.
extension Refresher {
    typealias Flight = (record: FlightRecord, version: UInt64)

    /// Stores what the outcome makes of the connection. A token that cannot be stored is not given out.
    func settle(
        _ outcome: TokenOutcome, _ loaded: ConnectionStore.Loaded, _ profile: PlatformProfile, _ flight: Flight, _ order: Order
    ) async throws -> Answer {
        var loaded = loaded
        var holdsLease = true
        for step in 0..<12 {
            let grant = changed(loaded.grant, by: outcome, profile)
            var batch = Batch()
            try store.put(grant, over: loaded, due: grant.due(profile), into: &batch)
            if holdsLease { batch.delete(ConnectionStore.Key.flight(order.id), if: .version(flight.version)) }
            do throws(StorageError) {
                if try await store.storage.commitIfUnchanged(batch) {
                    return announce(outcome, grant, from: loaded.grant, profile, order)
                }
            } catch {
                // The provider's answer exists only here, so a store that is away for a moment is waited for.
                guard case .unavailable = error, step < 11 else { throw error }
                await environment.pause(min(50 << min(step, 6), 2_000))
            }
            guard let again = try await store.load(order.id) else {
                return .failure(ConnectionFailure.notConnected(order.id.platform))
            }
            if again.grant.generation != loaded.grant.generation {
                // Another grant took its place: the answer belongs to one that is gone. (Or it is our own, whose
                // acknowledgement was lost.)
                guard again.grant.isUsable(at: now) else { return .failure(ConnectionFailure.busy) }
                return .success(again.grant)
            }
            let held = try await store.storage.get(ConnectionStore.Key.flight(order.id))
            holdsLease = held?.version == flight.version
            // Somebody else is asking with the same token already; two answers cannot both be kept.
            guard holdsLease || held == nil else { return .failure(ConnectionFailure.busy) }
            guard FlightRecord.digest(of: again.grant) == flight.record.digest else { return .failure(ConnectionFailure.busy) }
            loaded = again
        }
        return .failure(ConnectionFailure.busy)
    }

    private func changed(_ old: Grant, by outcome: TokenOutcome, _ profile: PlatformProfile) -> Grant {
        var grant = old
        switch outcome {
        case .granted(let answer):
            grant.generation += 1
            grant.accessToken = answer.accessToken
            grant.refreshToken = answer.refreshToken ?? old.refreshToken
            grant.tokenType = answer.tokenType ?? old.tokenType
            grant.lifetime = answer.lifetime == 0 ? old.lifetime : answer.lifetime
            grant.expiresAt = answer.lifetime.map { now + $0 }
            grant.scopes = answer.scopes ?? old.scopes
            grant.refreshedAt = now
            for (name, value) in answer.kept { grant.metadata[name] = value }
            grant.resolveDoubt()
            if let lifetime = answer.lifetime, lifetime < Grant.usableSecondsMin {
                // Asking at once for the next one would go on for ever.
                grant.fail(Self.overAlready, at: now)
                grant.state = .failing
                grant.reason = Self.overAlready
                postpone(&grant, nil)
            } else {
                grant.recover()
            }
        case .reauthorize(let code):
            grant.fail(code, at: now)
            grant.state = code.containsUTF8("revoked") ? .revoked : .expired
            grant.reason = code
            grant.nextAttemptAt = 0
            grant.resolveDoubt()
        case .failed(let code, let retryAfter, _):
            grant.fail(code, at: now)
            grant.state = .failing
            grant.reason = code
            postpone(&grant, retryAfter)
        case .unknown(let code):
            grant.fail(code, at: now)
            doubt(&grant, code, profile)
            postpone(&grant, nil)
            if grant.isInDoubt, grant.mayRetryInDoubt(profile), grant.state == .failing {
                grant.nextAttemptAt = now + Backoff.inDoubt
            }
        }
        return grant
    }

    /// The provider gave a token that nobody could use.
    private static let overAlready = "token_already_expired"

    /// It may have been spent, and its provider is asked again as far as that is safe.
    private func doubt(_ grant: inout Grant, _ code: String, _ profile: PlatformProfile) {
        if grant.isInDoubt { grant.hasRetriedInDoubt = true }
        grant.isInDoubt = profile.spendsRefreshTokens
        grant.state = .failing
        grant.reason = grant.mayRetryInDoubt(profile) ? code : "in_doubt"
    }

    private func postpone(_ grant: inout Grant, _ retryAfter: Int?) {
        if grant.isGivenUp(at: now) {
            grant.state = .expired
            grant.reason = "gave_up"
            grant.nextAttemptAt = 0
            return
        }
        let delay = Backoff.delay(failures: grant.failureCount, randomness: randomness)
        grant.nextAttemptAt = now + max(delay, min(retryAfter ?? 0, Backoff.longest))
    }

    /// Tells breaker, counters and sink, and makes the answer.
    private func announce(
        _ outcome: TokenOutcome, _ grant: Grant, from old: Grant, _ profile: PlatformProfile, _ order: Order
    ) -> Answer {
        let platform = order.id.platform
        switch outcome {
        case .granted(let answer):
            breaker.succeeded(platform)
            counters.count(.refreshed, platform, at: time.now())
            tell(.info, .refreshed, "token refreshed", order)
            remark(answer, order)
            guard grant.state != .active else { return .success(grant) }
            failed(Self.overAlready, grant, old, order)
        case .reauthorize(let code):
            breaker.succeeded(platform)
            failed(code, grant, old, order)
            return .failure(grant.state == .revoked ? ConnectionFailure.revoked : ConnectionFailure.expired(grant, platform))
        case .failed(let code, _, let isProviders):
            if isProviders { breaker.failed(platform, at: now) }
            failed(code, grant, old, order)
        case .unknown(let code):
            breaker.failed(platform, at: now)
            failed(code, grant, old, order)
            if !grant.mayRetryInDoubt(profile) { tell(.error, .inDoubt, "the answer to a refresh was lost", order, code) }
        }
        if grant.state == .expired { return .failure(ConnectionFailure.expired(grant, platform)) }
        guard grant.canRefresh(profile) else { return .failure(ConnectionFailure.inDoubt(platform)) }
        return .failure(ConnectionFailure.failing(grant.reason, grant.nextAttemptAt - now))
    }

    /// What was odd about an answer that was taken all the same, so that its profile can be put right.
    private func remark(_ answer: TokenAnswer, _ order: Order) {
        guard !answer.oddities.isEmpty else { return }
        logger.warning(
            "a provider's token answer was odd; see docs/connections.md, \"What providers answer\"",
            metadata: [
                "request_id": "\(order.requestID)", "platform": "\(order.id.platform)",
                "oddities": "\(answer.oddities.joined(separator: ","))",
            ])
    }

    private func failed(_ code: String, _ grant: Grant, _ old: Grant, _ order: Order) {
        counters.count(.failed, order.id.platform, code: code, at: time.now())
        tell(.warn, .refreshFailed, "refresh failed", order, code)
        guard !grant.mayRecover, old.mayRecover else { return }
        counters.count(.disconnected, order.id.platform, code: grant.reason, at: time.now())
        tell(.error, grant.state == .revoked ? .revoked : .disconnected, "the connection needs its person", order, grant.reason)
    }

    // MARK: Without asking the provider

    /// Marks a connection whose process ended between asking the provider and storing the answer: its refresh token may be spent.
    ///
    /// - Returns: Whether the flight belonged to the token that is stored. Another writer may have been first; then nothing was
    ///   changed here.
    func setInDoubt(
        _ loaded: ConnectionStore.Loaded, _ profile: PlatformProfile, _ flight: FlightRecord, _ version: UInt64, _ order: Order
    ) async throws -> Bool {
        guard flight.digest == FlightRecord.digest(of: loaded.grant), profile.spendsRefreshTokens, loaded.grant.mayRecover,
            !loaded.grant.isInDoubt || loaded.grant.mayRetryInDoubt(profile)
        else { return false }
        var grant = loaded.grant
        grant.fail("interrupted", at: now)
        doubt(&grant, "interrupted", profile)
        var batch = Batch()
        try store.put(grant, over: loaded, due: grant.due(profile), into: &batch)
        batch.delete(ConnectionStore.Key.flight(order.id), if: .version(version))
        try await record(act(order, .begun))
        if try await store.storage.commitIfUnchanged(batch) {
            counters.count(.failed, order.id.platform, code: "interrupted", at: time.now())
            let isFinal = !grant.mayRetryInDoubt(profile)
            tell(isFinal ? .error : .warn, isFinal ? .inDoubt : .refreshFailed, "a refresh was interrupted", order, "interrupted")
        }
        try await record(act(order, .ended(error: "interrupted")))
        return true
    }

    /// The token ran out and nothing but its person can bring a new one.
    func expire(
        _ loaded: ConnectionStore.Loaded, _ profile: PlatformProfile, _ reason: String, _ order: Order
    ) async throws -> Grant {
        var grant = loaded.grant
        guard grant.state != .expired, !grant.isUsable(at: now) else {
            if grant.reason.isEmpty { grant.reason = reason }
            return grant
        }
        grant.state = .expired
        grant.reason = reason
        var batch = Batch()
        try store.put(grant, over: loaded, due: nil, into: &batch)
        try await record(act(order, .begun))
        if try await store.storage.commitIfUnchanged(batch) {
            counters.count(.disconnected, order.id.platform, code: reason, at: time.now())
            tell(.error, .disconnected, "the connection needs its person", order, reason)
        }
        try await record(act(order, .ended(error: reason)))
        return grant
    }

    func tell(
        _ level: ConnectionEvent.Level, _ name: ConnectionEvent.Name, _ message: String, _ order: Order, _ code: String? = nil
    ) {
        environment.events.give(
            ConnectionEvent(
                level: level, name: name, message: message, engine: order.actor, owner: order.id.owner.description,
                environment: order.id.environment, platform: order.id.platform, requestID: order.requestID, code: code,
                at: time.now()))
    }
}
