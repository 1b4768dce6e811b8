import EngineKit

/// The errors of the connections engine. Each carries a `reason`, a stable word that dialects map to their own error codes.
enum ConnectionFailure {
    /// Returns an error with a reason.
    ///
    /// - Parameter retryAfter: Seconds after which the caller may try again.
    static func error(
        _ code: CofferError.Code, _ reason: String, message: String, retryAfter: Int? = nil
    ) -> CofferError {
        var error = CofferError(code, message)
        error.reason = reason
        error.retryAfter = retryAfter
        return error
    }

    /// The owner has no connection to the platform.
    static func notConnected(_ platform: String) -> CofferError {
        error(.notFound, "not_connected", message: "not connected to \(platform); connect first")
    }

    /// The connection was granted fewer scopes than the caller asked for.
    static func missingScopes(_ missing: [String]) -> CofferError {
        error(
            .conflict, "insufficient_scope",
            message: "the connection lacks the scopes \(missing.joined(separator: " ")); connect again and grant them")
    }

    /// The token has expired and cannot be refreshed, for the reason stored in the grant.
    static func expired(_ grant: Grant, _ platform: String) -> CofferError {
        let what =
            switch grant.reason {
            case "in_doubt": "a refresh was interrupted and its answer was lost, so the refresh token may be spent"
            case "gave_up": "refreshing it has failed for four days"
            case "no_refresh_token", "": "the token has expired and cannot be refreshed"
            default: "the provider answered \(grant.reason)"
            }
        return error(.invalidRequest, "token_expired", message: "token_expired: \(what); connect \(platform) again")
    }

    /// The grant was revoked at the provider.
    static let revoked = error(.invalidRequest, "revoked", message: "the connection was revoked; connect again")

    /// The provider cannot refresh the token at the moment.
    ///
    /// - Parameter code: Why, as a fixed word such as `http_503`.
    /// - Parameter retryAfter: Seconds until the next attempt.
    static func failing(_ code: String, _ retryAfter: Int) -> CofferError {
        let advice =
            code == TokenEndpoint.ClientFault.notConfigured.rawValue
            ? "write the client_id and client_secret of its platform to connections/platforms/<platform>" : "retry later"
        return error(
            .conflict, "provider_failing", message: "the provider could not refresh the token (\(code)); \(advice)",
            retryAfter: max(retryAfter, 1))
    }

    /// The refresh token may be spent, and sending it again could end the grant at a provider that accepts each token only
    /// once.
    static func inDoubt(_ platform: String) -> CofferError {
        error(
            .conflict, "provider_failing",
            message:
                "the answer to a refresh was lost (in_doubt), and \(platform) may accept a refresh token only once; refresh it "
                + "with retry_in_doubt, or connect \(platform) again",
            retryAfter: 300)
    }

    /// Another refresh of the same connection is running and did not end in time, or too many refreshes are running.
    static let busy = error(
        .conflict, "refresh_under_way", message: "another refresh is in progress; retry shortly", retryAfter: 1)

    /// The owner is being deleted, so nothing may be stored for it.
    static let deleting = error(
        .conflict, "owner_deleting", message: "the owner is being deleted; retry when the deletion is complete", retryAfter: 1)

    /// No profile describes the platform.
    static func unknownPlatform(_ name: String) -> CofferError {
        error(
            .invalidRequest, "unknown_platform",
            message: "unknown platform; add its profile to the platform directory, or use 'generic'")
    }
}
