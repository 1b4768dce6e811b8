import Directories
package import EngineKit
import Logging
import LoginGuards
import Records
import Syntax

extension LDAPMethod {
    var login: EnginePath {
        EnginePath(
            "login/{username}", "Log in with the password of the directory.",
            fields: [Self.userField, Field("password", .string, "The password.")], access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    /// The answer to every login that fails: the same text for an unknown user, a wrong password and a user who may not log in.
    private static let refusal = CofferError.invalid("ldap operation failed: failed to bind as user")
    private static let notConfigured = CofferError.invalid("ldap backend not configured")
    private static let markerFact = "password_marker"
    /// The user name as it was typed, where a filter finds users by something else than their name.
    private static let typedFact = "typed"

    private func logIn(_ request: Request) async throws -> Response {
        let started = ContinuousClock.now
        let password = request.fields.text("password")
        // An empty password is an anonymous bind, which directories accept for every name (RFC 4513, section 5.1.2).
        guard !password.isEmpty else { throw CofferError.invalid("missing password") }
        guard let settings = try await settings() else { throw Self.notConfigured }
        guard let name = LDAPName(request.captures["username"], keepsCase: settings.keepsCase) else {
            try await wait(since: started)
            throw Self.refusal
        }
        // Whoever may not log in from an address does not learn there what the directory says of a password, and locks nobody.
        guard settings.tokens.bounds.allows(request.connection.remoteAddress) else {
            context.logger.debug("an LDAP login was refused", metadata: ["reason": "its address is not allowed"])
            try await wait(since: started)
            throw Self.refusal
        }
        let finding = try await attempts.run(name.folded) {
            try await check(name, password, settings: settings, since: started)
        }
        let grant = try await grant(settings, finding: finding, displayName: request.displayName(finding.user.text))
        let warnings = finding.groups.isEmpty ? ["no LDAP groups found; only policies of users and groups set here apply"] : []
        return Response(.none, auth: .grant(grant), warnings: warnings)
    }

    /// Asks the directory, and counts a failure.
    private func check(
        _ name: LDAPName, _ password: String, settings: LDAPConfiguration, since started: ContinuousClock.Instant
    ) async throws -> LDAPFinding {
        let dialog = LDAPDialog(settings: settings, name: name)
        let outcome = try await ask(settings) { session throws(DirectoryError) in
            try dialog.logIn(session, password: password)
        }
        switch outcome {
        case .found(let finding):
            try await checkOtherSpellings(finding, of: name)
            try await lockouts.forget(name.folded)
            return finding
        case .refused(let reason, let isKnown):
            context.logger.debug("an LDAP login was refused", metadata: ["reason": "\(reason)"])
            try await lockouts.fail(name.folded, isAccount: isKnown)
            try await wait(since: started)
            throw Self.refusal
        }
    }

    /// Refuses a user who is locked under another name that the user's filter finds as well.
    private func checkOtherSpellings(_ finding: LDAPFinding, of name: LDAPName) async throws {
        for spelling in finding.spellings.sorted() where spelling != name.folded {
            guard try await lockouts.failures(spelling) < lockouts.rules.threshold || lockouts.rules.isDisabled else {
                throw CofferError.denied
            }
        }
    }

    /// Returns when a login that fails may be answered.
    private func wait(since started: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: started + .milliseconds(failureMilliseconds), clock: .continuous)
    }

    /// Runs a dialog with the directory. What went wrong with the directory is logged and not told to the caller.
    private func ask(
        _ settings: LDAPConfiguration, _ body: @escaping @Sendable (any DirectorySession) throws(DirectoryError) -> LDAPOutcome
    ) async throws(CofferError) -> LDAPOutcome {
        guard let target = settings.target else { throw Self.notConfigured }
        guard settings.canSearch || !settings.userBase.isEmpty || !settings.principalDomain.isEmpty else {
            throw .invalid(
                "the ldap method has no way to find users: set userdn, or binddn and bindpass, or discoverdn, or upndomain")
        }
        do throws(DirectoryError) {
            return try await directory.withSession(target, body)
        } catch {
            if error == .busy { throw LoginAttempts.busy }
            troubles.warn("an LDAP login could not be decided", reason: error.reason)
            throw CofferError(.unavailable, "the LDAP directory cannot be asked now; the server's log has the reason")
        }
    }

    // MARK: What is granted

    private func grant(_ settings: LDAPConfiguration, finding: LDAPFinding, displayName: String) async throws -> AuthGrant {
        let name = finding.user.text
        let user = try await users.find(name)?.value
        let all = Set((user?.groups ?? []) + finding.groups)
        var policies = Set(settings.tokens.policies + (user?.policies ?? []))
        for group in Set(all.compactMap { LDAPName($0, keepsCase: settings.keepsCase)?.text }) {
            policies.formUnion(try await groups.find(group)?.value.policies ?? [])
        }
        var grant = settings.tokens.grant(
            displayName: displayName, metadata: ["username": name], aliasName: finding.alias, policies: policies.sorted())
        grant.aliasMetadata = ["name": name]
        // Identity compares names of aliases in lower case.
        grant.groupAliases = Set(all.map { $0.lowercased() }).sorted()
        grant.facts = [Self.markerFact: finding.passwordMarker]
        if finding.typed != name { grant.facts[Self.typedFact] = finding.typed }
        return grant
    }

    /// Returns what the user of an earlier login is granted today. The directory is asked with the account that searches, because
    /// no password is kept.
    ///
    /// - Throws: A refusal if the user is gone, disabled or locked, or has another password as far as the directory tells, and
    ///   where no account may search.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        guard let settings = try await settings() else { throw Self.notConfigured }
        let username = login.metadata["username"] ?? ""
        guard let name = LDAPName(login.facts[Self.typedFact] ?? username, keepsCase: settings.keepsCase) else {
            throw CofferError.invalid("the token holds no user of the directory, not renewing")
        }
        guard settings.canSearch else {
            throw CofferError.invalid(
                "without binddn and bindpass, or discoverdn, a renewal cannot ask the directory; log in again")
        }
        let dialog = LDAPDialog(settings: settings, name: name)
        let outcome = try await ask(settings) { session throws(DirectoryError) in try dialog.findAgain(session) }
        switch outcome {
        case .refused(let reason, _):
            context.logger.debug("an LDAP renewal was refused", metadata: ["reason": "\(reason)"])
            throw CofferError.invalid("the directory does not let the user log in any more, not renewing")
        case .found(let finding):
            guard login.facts[Self.markerFact].map({ $0 == finding.passwordMarker }) != false else {
                throw CofferError.invalid("the user's password has changed, not renewing")
            }
            guard finding.user.folded.equalsUTF8(LDAPName(username, keepsCase: false)?.folded ?? "") else {
                throw CofferError.invalid("the directory finds another user by the name of the login, not renewing")
            }
            return try await grant(settings, finding: finding, displayName: "")
        }
    }
}
