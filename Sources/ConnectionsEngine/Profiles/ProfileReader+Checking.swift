import EngineKit
import Outbound

/// What must hold between the keys of a profile.
extension ProfileReader {
    mutating func check(_ profile: inout PlatformProfile) {
        if Word.folded(profile.name) != profile.name {
            problem(lines["name"] ?? 0, "'name' must be a word of lower-case letters, digits, '_' and '-'")
        }
        if let other = profile.credentialsOf, Word.folded(other) != other {
            problem(lines["credentials_of"] ?? 0, "'credentials_of' must name a platform")
        }
        if profile.displayName.isEmpty { profile.displayName = profile.name }
        for host in profile.allowedHosts where !OutboundURL.isName(host) && AddressRange.normalized(host) != host {
            problem(lines["allowed_hosts"] ?? 0, "'allowed_hosts' must be host names, without scheme, port or wildcard")
        }
        checkURL("authorization_url", profile.authorizationURL, needsHost: false, profile)
        checkURL("token_url", profile.tokenURL, profile)
        checkURL("refresh_url", profile.refreshURL, profile)
        checkURL("revocation_url", profile.revocationURL, profile)
        checkURL("verify", profile.verify?.url ?? "", profile)
        let needsToken = profile.auth == .clientCredentials || (profile.auth == .oauth2 && !profile.authorizationURL.isEmpty)
        if needsToken, profile.tokenURL.isEmpty { problem(lines["auth"] ?? 0, "'token_url' is missing") }
        if profile.verify != nil, profile.verify?.url.isEmpty == true { problem(lines["verify"] ?? 0, "'verify.url' is missing") }
        if profile.tokenAuthMethod == .privateKey, !profile.tokenURL.isEmpty, profile.bodyFormat == .json {
            problem(lines["body_format"] ?? 0, "private_key_jwt goes with body_format form")
        }
    }

    private mutating func checkURL(_ key: String, _ text: String, needsHost: Bool = true, _ profile: PlatformProfile) {
        guard !text.isEmpty else { return }
        // An inherited URL whose host is gone is the fault of the list that has it no more.
        let line = lines[key] ?? lines["allowed_hosts"] ?? 0
        guard let url = OutboundURL(text) else { return problem(line, "'\(key)' is not a plain https URL") }
        if url.scheme != .https, !url.isAddress, url.host != "localhost" { problem(line, "'\(key)' must be https") }
        if needsHost, !profile.allowedHosts.contains(url.host) {
            problem(line, "the host of '\(key)' is not in 'allowed_hosts'")
        }
    }
}
