import EngineKit

/// Refusals with the reason that dialects map to their own codes.
enum ConnectionFailure {
    static func error(
        _ code: CofferError.Code, _ reason: String, _ message: String, retryAfter: Int? = nil
    ) -> CofferError {
        var error = CofferError(code, message)
        error.reason = reason
        error.retryAfter = retryAfter
        return error
    }

    static func notConnected(_ platform: String) -> CofferError {
        error(.notFound, "not_connected", "not connected to \(platform); connect first")
    }

    static func missingScopes(_ missing: [String]) -> CofferError {
        error(
            .conflict, "insufficient_scope",
            "the connection lacks the scopes \(missing.joined(separator: " ")); connect again and grant them")
    }

    static func expired(_ grant: Grant, _ platform: String) -> CofferError {
        let what =
            switch grant.reason {
            case "in_doubt": "a refresh was interrupted and its answer lost, so the refresh token may be used up"
            case "gave_up": "it could not be refreshed for four days"
            case "no_refresh_token", "": "it expired and cannot be refreshed"
            default: "the provider answered \(grant.reason)"
            }
        return error(.invalidRequest, "token_expired", "token_expired: \(what); connect \(platform) again")
    }

    static let revoked = error(.invalidRequest, "revoked", "the connection was revoked; connect again")

    static func failing(_ code: String, _ retryAfter: Int) -> CofferError {
        error(
            .conflict, "provider_failing", "the provider does not refresh the token now (\(code)); retry later",
            retryAfter: max(retryAfter, 1))
    }

    /// Nobody knows whether the refresh token is spent, and trying it could end what is left of the grant.
    static func inDoubt(_ platform: String) -> CofferError {
        error(
            .conflict, "provider_failing",
            "the answer to a refresh was lost (in_doubt), and \(platform) may take a refresh token only once; refresh it by hand "
                + "with retry_in_doubt, or connect \(platform) again",
            retryAfter: 300)
    }

    static let busy = error(.conflict, "refresh_under_way", "a refresh is under way elsewhere; retry shortly", retryAfter: 1)

    static let deleting = error(.conflict, "owner_deleting", "the owner is being deleted; retry when that is done", retryAfter: 1)

    static func unknownPlatform(_ name: String) -> CofferError {
        error(.invalidRequest, "unknown_platform", "unknown platform; add its profile to the platform folder, or use 'generic'")
    }
}
