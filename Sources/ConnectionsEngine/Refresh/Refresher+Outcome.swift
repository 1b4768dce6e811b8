import EngineKit
import Logging
import Syntax

/// How the stored connection changes after its provider answered, did not answer, or was not asked.
extension Refresher {
    private static let commitAttemptsMax = 12

    /// Stores the grant that results from the outcome, and returns the answer for the caller. A token that cannot be stored is
    /// not given out.
    func commit(
        _ outcome: TokenOutcome, to loaded: ConnectionStore.Loaded, profile: PlatformProfile, lease: Lease,
        request: RefreshRequest
    ) async throws -> Answer {
        var loaded = loaded
        var holdsLease = true
        for step in 0..<Self.commitAttemptsMax {
            let grant = updated(loaded.grant, with: outcome, profile: profile)
            var batch = Batch()
            try store.put(grant, over: loaded, due: grant.due(profile), into: &batch)
            if holdsLease { batch.delete(ConnectionStore.Key.flight(request.id), if: .version(lease.version)) }
            do throws(StorageError) {
                if try await store.storage.commitIfUnchanged(batch) {
                    return report(outcome, grant: grant, previous: loaded.grant, profile: profile, request: request)
                }
            } catch {
                // The provider's answer exists only in this process, so a store that is briefly unavailable is waited for.
                guard case .unavailable = error, step < Self.commitAttemptsMax - 1 else { throw error }
                await environment.pause(min(50 << min(step, 6), 2_000))
            }
            guard let again = try await store.load(request.id) else {
                return .failure(ConnectionFailure.notConnected(request.id.platform))
            }
            if again.grant.generation != loaded.grant.generation {
                // Another grant has replaced the one that was refreshed, so this answer is obsolete. (Or the new grant is this
                // one: the commit succeeded and only its acknowledgment was lost.)
                guard again.grant.isUsable(at: now) else { return .failure(ConnectionFailure.busy) }
                return .success(again.grant)
            }
            let held = try await store.storage.get(ConnectionStore.Key.flight(request.id))
            holdsLease = held?.version == lease.version
            // Another node is already sending the same token. Only one of the two answers can be kept.
            guard holdsLease || held == nil else { return .failure(ConnectionFailure.busy) }
            guard FlightRecord.digest(of: again.grant) == lease.record.digest else { return .failure(ConnectionFailure.busy) }
            loaded = again
        }
        return .failure(ConnectionFailure.busy)
    }

    /// Returns the grant as it is after the outcome.
    private func updated(_ old: Grant, with outcome: TokenOutcome, profile: PlatformProfile) -> Grant {
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
                // Treated as a failure: refreshing again at once would never end.
                grant.fail(Self.alreadyExpired, at: now)
                grant.state = .failing
                grant.reason = Self.alreadyExpired
                scheduleRetry(of: &grant)
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
            scheduleRetry(of: &grant, retryAfter: retryAfter)
        case .unknown(let code):
            grant.fail(code, at: now)
            markInDoubt(&grant, code: code, profile: profile)
            scheduleRetry(of: &grant)
            if grant.isInDoubt, grant.mayRetryInDoubt(profile), grant.state == .failing {
                grant.nextAttemptAt = now + Backoff.inDoubtDelay
            }
        }
        return grant
    }

    /// The failure code for a new token whose lifetime is too short to use it.
    private static let alreadyExpired = "token_already_expired"

    /// Marks the refresh token as possibly spent, unless the provider lets it be used again. The grant remains one that is
    /// retried if its profile says that the same token may be sent once more.
    private func markInDoubt(_ grant: inout Grant, code: String, profile: PlatformProfile) {
        if grant.isInDoubt { grant.hasRetriedInDoubt = true }
        grant.isInDoubt = profile.spendsRefreshTokens
        grant.state = .failing
        grant.reason = grant.mayRetryInDoubt(profile) ? code : "in_doubt"
    }

    /// Sets the time of the next attempt, or expires the grant when it has failed for too long.
    ///
    /// - Parameter retryAfter: Seconds from the provider's `Retry-After` header, if it sent one.
    private func scheduleRetry(of grant: inout Grant, retryAfter: Int? = nil) {
        if grant.isGivenUp(at: now) {
            grant.state = .expired
            grant.reason = "gave_up"
            grant.nextAttemptAt = 0
            return
        }
        let delay = Backoff.delay(failures: grant.failureCount, randomness: randomness)
        grant.nextAttemptAt = now + max(delay, min(retryAfter ?? 0, Backoff.longestDelay))
    }

    // MARK: Reporting

    /// Updates the circuit breaker and the counters, emits events, and returns the answer for the caller.
    private func report(
        _ outcome: TokenOutcome, grant: Grant, previous: Grant, profile: PlatformProfile, request: RefreshRequest
    ) -> Answer {
        let platform = request.id.platform
        switch outcome {
        case .granted(let answer):
            breaker.succeeded(platform)
            counters.count(.refreshed, platform, at: time.now())
            emit(.info, .refreshed, message: "token refreshed", request: request)
            logOddities(of: answer, request: request)
            guard grant.state != .active else { return .success(grant) }
            reportFailure(Self.alreadyExpired, grant: grant, previous: previous, request: request)
        case .reauthorize(let code):
            breaker.succeeded(platform)
            reportFailure(code, grant: grant, previous: previous, request: request)
            return .failure(grant.state == .revoked ? ConnectionFailure.revoked : ConnectionFailure.expired(grant, platform))
        case .failed(let code, _, let isProviders):
            if isProviders { breaker.failed(platform, at: now) }
            reportFailure(code, grant: grant, previous: previous, request: request)
        case .unknown(let code):
            breaker.failed(platform, at: now)
            reportFailure(code, grant: grant, previous: previous, request: request)
            if !grant.mayRetryInDoubt(profile) {
                emit(.error, .inDoubt, message: "the provider's answer to a refresh was lost", request: request, code: code)
            }
        }
        if grant.state == .expired { return .failure(ConnectionFailure.expired(grant, platform)) }
        guard grant.canRefresh(profile) else { return .failure(ConnectionFailure.inDoubt(platform)) }
        return .failure(ConnectionFailure.failing(grant.reason, grant.nextAttemptAt - now))
    }

    /// Logs what was unusual about an answer that was accepted, so that its profile can be corrected.
    private func logOddities(of answer: TokenAnswer, request: RefreshRequest) {
        guard !answer.oddities.isEmpty else { return }
        logger.warning(
            "parts of a provider's token answer were malformed and ignored; see docs/connections.md, \"What providers answer\"",
            metadata: [
                "request_id": "\(request.requestID)", "platform": "\(request.id.platform)",
                "oddities": "\(answer.oddities.joined(separator: ","))",
            ])
    }

    /// Counts a failed refresh and emits its event, and a second event if the connection can no longer recover without its
    /// owner.
    private func reportFailure(_ code: String, grant: Grant, previous: Grant, request: RefreshRequest) {
        counters.count(.failed, request.id.platform, code: code, at: time.now())
        emit(.warn, .refreshFailed, message: "refresh failed", request: request, code: code)
        guard !grant.mayRecover, previous.mayRecover else { return }
        counters.count(.disconnected, request.id.platform, code: grant.reason, at: time.now())
        let name = grant.state == .revoked ? ConnectionEvent.Name.revoked : .disconnected
        emit(.error, name, message: Self.mustReconnect, request: request, code: grant.reason)
    }

    private static let mustReconnect = "the connection cannot be refreshed; its owner must connect again"

    /// Sends an event about the connection to the monitoring service.
    ///
    /// - Parameter code: Why something failed, such as `invalid_grant`.
    func emit(
        _ level: ConnectionEvent.Level, _ name: ConnectionEvent.Name, message: String, request: RefreshRequest,
        code: String? = nil
    ) {
        environment.events.emit(
            ConnectionEvent(
                level: level, name: name, message: message, engine: request.actor, owner: request.id.owner.description,
                environment: request.id.environment, platform: request.id.platform, requestID: request.requestID, code: code,
                at: time.now()))
    }

    // MARK: Changes without a call to the provider

    /// Marks a connection whose process ended between sending the refresh token and storing the answer: the token may be spent.
    ///
    /// - Parameter lease: The lease record that the process left behind.
    /// - Returns: Whether the lease belonged to the token that is stored now. True also when another writer was first and
    ///   nothing was changed here.
    func markInterrupted(
        _ loaded: ConnectionStore.Loaded, by lease: Lease, profile: PlatformProfile, request: RefreshRequest
    ) async throws -> Bool {
        guard lease.record.digest == FlightRecord.digest(of: loaded.grant), profile.spendsRefreshTokens, loaded.grant.mayRecover,
            !loaded.grant.isInDoubt || loaded.grant.mayRetryInDoubt(profile)
        else { return false }
        var grant = loaded.grant
        grant.fail("interrupted", at: now)
        markInDoubt(&grant, code: "interrupted", profile: profile)
        var batch = Batch()
        try store.put(grant, over: loaded, due: grant.due(profile), into: &batch)
        batch.delete(ConnectionStore.Key.flight(request.id), if: .version(lease.version))
        try await record(auditAct(of: request, .begun))
        if try await store.storage.commitIfUnchanged(batch) {
            counters.count(.failed, request.id.platform, code: "interrupted", at: time.now())
            let message = "a refresh was interrupted"
            if grant.mayRetryInDoubt(profile) {
                emit(.warn, .refreshFailed, message: message, request: request, code: "interrupted")
            } else {
                emit(.error, .inDoubt, message: message, request: request, code: "interrupted")
            }
        }
        try await record(auditAct(of: request, .ended(error: "interrupted")))
        return true
    }

    /// Expires a connection whose token has run out and that only its owner can renew.
    ///
    /// - Parameter reason: The code to store and to show, such as `no_refresh_token`.
    /// - Returns: The grant as it is now; unchanged if its token is still usable.
    func expire(_ loaded: ConnectionStore.Loaded, reason: String, request: RefreshRequest) async throws -> Grant {
        var grant = loaded.grant
        guard grant.state != .expired, !grant.isUsable(at: now) else {
            if grant.reason.isEmpty { grant.reason = reason }
            return grant
        }
        grant.state = .expired
        grant.reason = reason
        var batch = Batch()
        try store.put(grant, over: loaded, due: nil, into: &batch)
        try await record(auditAct(of: request, .begun))
        if try await store.storage.commitIfUnchanged(batch) {
            counters.count(.disconnected, request.id.platform, code: reason, at: time.now())
            emit(.error, .disconnected, message: Self.mustReconnect, request: request, code: reason)
        }
        try await record(auditAct(of: request, .ended(error: reason)))
        return grant
    }
}
