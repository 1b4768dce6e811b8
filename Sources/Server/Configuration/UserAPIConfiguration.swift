import EngineKit
import JOSE
import Logging
import Outbound
import Syntax
import UserAPI

/// The User API, as described by variables and the block `user_api`.
struct UserAPIConfiguration: Sendable {
    /// The settings of the dialect.
    var settings = UserSettings()
    /// The secret with which the platform signs tokens (HS256); empty if it does not.
    var sharedSecret = ""
    /// Where the platform publishes the keys of its tokens; empty if it does not.
    var keySetURL = ""
    /// The issuer that tokens must have; empty if any may have issued them.
    var issuer = ""
    /// The audience that tokens must be for: that of signed-in users in Supabase.
    var audience = "authenticated"

    /// Checks that users can be known, in one way.
    func check() throws(ConfigurationError) {
        let hasKeys = !sharedSecret.isEmpty || !keySetURL.isEmpty
        switch settings.verification {
        case .own:
            guard hasKeys else {
                throw ConfigurationError(
                    "the User API does not know how to verify its users: set COFFER_USER_API_JWT_SECRET or COFFER_USER_API_JWKS_URL, or name a login in the block user_api"
                )
            }
            guard sharedSecret.isEmpty || sharedSecret.utf8.count >= VerificationKey.secretBytesMin else {
                throw ConfigurationError(
                    "COFFER_USER_API_JWT_SECRET must have at least \(VerificationKey.secretBytesMin) bytes")
            }
        case .login:
            guard !hasKeys else {
                throw ConfigurationError(
                    "the block user_api names a login, so COFFER_USER_API_JWT_SECRET and COFFER_USER_API_JWKS_URL must not be set")
            }
        }
    }

    /// Returns what authenticates users, or nil if logins do.
    func authenticator(
        outbound: any Outbound, time: any TimeSource, logger: Logger
    ) throws(ConfigurationError) -> InlineAuthenticatorDescription? {
        guard settings.verification == .own else { return nil }
        let own = try ConfigurationError.wrapping {
            sharedSecret.isEmpty ? nil : KeySet([try VerificationKey(sharedSecret: Array(sharedSecret.utf8))])
        }
        return UserAuthenticator.description(
            UserTokens(
                own: own, remote: try remoteKeys(outbound, time: time, logger: logger), issuer: issuer, audience: audience,
                userClaim: settings.userClaim, time: time),
            mount: settings.mount)
    }

    private func remoteKeys(
        _ outbound: any Outbound, time: any TimeSource, logger: Logger
    ) throws(ConfigurationError) -> RemoteKeySet? {
        guard !keySetURL.isEmpty else { return nil }
        var target: OutboundTarget
        do throws(OutboundTargetError) {
            target = try OutboundTarget(configured: keySetURL, trust: try OutboundTrust(authoritiesPEM: "", serverName: ""))
        } catch {
            throw ConfigurationError("COFFER_USER_API_JWKS_URL: \(error.text)")
        }
        target.timeoutMilliseconds = 5_000
        target.answerBytesMax = 512 << 10
        let request = target.get()
        return RemoteKeySet(time: time) {
            do {
                let reply = try await outbound.send(request)
                guard reply.status == 200 else { throw JOSEError.badKeySet }
                return try KeySet(parsing: reply.body)
            } catch {
                logger.warning(
                    "the keys of the users' identity provider could not be fetched", metadata: ["reason": "\(error)"])
                throw error
            }
        }
    }
}

extension ServerConfiguration {
    private static let perMinuteMax = 1_000_000

    /// Applies `user_api { auth_path = "auth/jwt" role = "user" ... }`.
    mutating func applyUserAPI(_ body: HCLBody) throws(HCLError) {
        for block in try body.blocks("user_api", labels: 0) {
            let body = block.body
            try body.refuseUnknown(except: [
                "auth_path", "role", "user_claim", "mount", "origins", "writes_per_minute", "reads_per_minute",
                "reveals_per_minute",
            ])
            var users = userAPI ?? UserAPIConfiguration()
            if let path = try body.text("auth_path") {
                guard let trimmed = Self.folder(path), trimmed.hasUTF8Prefix("auth/") else {
                    throw body.error("auth_path", "must be the path of an auth method, such as auth/jwt")
                }
                users.settings.verification = .login(path: trimmed + "login", role: try body.text("role") ?? "")
            }
            if let claim = try body.text("user_claim"), !claim.isEmpty { users.settings.userClaim = claim }
            if let path = try body.text("mount") {
                guard let mount = Self.folder(path) else {
                    throw body.error("mount", "must be the path of a mount, such as user-secrets/")
                }
                users.settings.mount = mount
            }
            if let origins = try body.strings("origins") {
                do throws(ConfigurationError) {
                    users.settings.origins = try ServicesConfiguration.origins(
                        origins.joined(separator: ","), named: "origins")
                } catch {
                    throw body.error("origins", "must be origins such as https://app.example, without a path")
                }
            }
            users.settings.limits.writes = try Self.perMinute("writes_per_minute", body) ?? users.settings.limits.writes
            users.settings.limits.reads = try Self.perMinute("reads_per_minute", body) ?? users.settings.limits.reads
            users.settings.limits.reveals = try Self.perMinute("reveals_per_minute", body) ?? users.settings.limits.reveals
            userAPI = users
        }
    }

    /// Applies the variables `COFFER_USER_API_…`. Each of them switches the User API on.
    mutating func applyUserAPI(_ environment: ServerEnvironment) throws(ConfigurationError) {
        let prefix = "COFFER_USER_API_"
        guard environment.names.contains(where: { $0.hasUTF8Prefix(prefix) && environment[$0] != nil }) else { return }
        var users = userAPI ?? UserAPIConfiguration()
        if let text = try environment.secret(prefix + "JWT_SECRET") { users.sharedSecret = text }
        if let text = environment[prefix + "JWKS_URL"] { users.keySetURL = text }
        if let text = environment[prefix + "ISSUER"] { users.issuer = text }
        if let text = environment[prefix + "AUDIENCE"] { users.audience = text }
        if let text = environment[prefix + "ORIGINS"] {
            users.settings.origins = try ServicesConfiguration.origins(text, named: prefix + "ORIGINS")
        }
        userAPI = users
    }

    private static func perMinute(_ key: String, _ body: HCLBody) throws(HCLError) -> Int? {
        guard let value = try body.int(key) else { return nil }
        guard (1...perMinuteMax).contains(value) else { throw body.error(key, "must be from 1 to \(perMinuteMax)") }
        return value
    }

    /// Returns a path of plain characters with a final slash, or nil if it is not one.
    private static func folder(_ text: String) -> String? {
        let path = text.hasUTF8Suffix("/") ? text : text + "/"
        let isPlain = path.utf8.allSatisfy {
            $0.isASCIILetterOrDigit || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/")].contains($0)
        }
        let parts = path.splitUTF8(at: "/", omittingEmpty: false)
        return isPlain && parts.dropLast().allSatisfy { !$0.isEmpty } ? path : nil
    }
}
