import EngineKit
import Outbound

/// Checks that involve several keys of a profile.
extension ProfileReader {
    /// Reports every inconsistency of a profile, and completes its display name.
    mutating func check(_ profile: inout PlatformProfile) {
        if Slug.folded(profile.name) != profile.name {
            problem(lines["name"] ?? 0, "'name' must consist of lower-case letters, digits, '_' and '-'")
        }
        if let other = profile.credentialsOf, Slug.folded(other) != other {
            problem(lines["credentials_of"] ?? 0, "'credentials_of' must name a platform")
        }
        if profile.displayName.isEmpty { profile.displayName = profile.name }
        for host in profile.allowedHosts where !OutboundURL.isName(host) && AddressRange.normalized(host) != host {
            problem(lines["allowed_hosts"] ?? 0, "'allowed_hosts' must be host names without scheme, port or wildcard")
        }
        checkURL("authorization_url", profile.authorizationURL, needsHost: false, in: profile)
        checkURL("token_url", profile.tokenURL, in: profile)
        checkURL("refresh_url", profile.refreshURL, in: profile)
        checkURL("revocation_url", profile.revocationURL, in: profile)
        checkURL("verify", profile.verify?.url ?? "", in: profile)
        let needsToken = profile.auth == .clientCredentials || (profile.auth == .oauth2 && !profile.authorizationURL.isEmpty)
        if needsToken, profile.tokenURL.isEmpty { problem(lines["auth"] ?? 0, "'token_url' is missing") }
        if profile.verify != nil, profile.verify?.url.isEmpty == true { problem(lines["verify"] ?? 0, "'verify.url' is missing") }
        if profile.tokenAuthMethod == .privateKey, !profile.tokenURL.isEmpty, profile.bodyFormat == .json {
            problem(lines["body_format"] ?? 0, "'token_auth_method' private_key_jwt requires 'body_format' form")
        }
    }

    /// Checks one URL.
    ///
    /// - Parameter needsHost: Whether the server calls the URL itself, so that its host must be in `allowed_hosts`.
    private mutating func checkURL(_ key: String, _ text: String, needsHost: Bool = true, in profile: PlatformProfile) {
        guard !text.isEmpty else { return }
        // If the URL is inherited, the mistake is in this profile's `allowed_hosts`, which no longer contains its host.
        let line = lines[key] ?? lines["allowed_hosts"] ?? 0
        guard let url = OutboundURL(text) else { return problem(line, "'\(key)' must be an https URL without fragment or user") }
        if url.scheme != .https, !url.isAddress, url.host != "localhost" { problem(line, "'\(key)' must be https") }
        if needsHost, !profile.allowedHosts.contains(url.host) {
            problem(line, "the host of '\(key)' is not in 'allowed_hosts'")
        }
    }
}
