package import EngineKit
import JOSE
import Logging
import Outbound
import Records
import Syntax

extension KubernetesMethod {
    var login: EnginePath {
        EnginePath(
            "login", "Log in with a service account's token.",
            fields: [
                Field("role", .string, "The role to log in with."), Field("jwt", .string, "The token of the service account."),
            ], access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    private func logIn(_ request: Request) async throws -> Response {
        guard let sent = request.fields.string("role"), !sent.isEmpty else { throw CofferError.invalid("missing role") }
        guard let token = request.fields.string("jwt"), !token.isEmpty else { throw CofferError.invalid("missing jwt") }
        guard let configuration = try await configurations.find(Self.configurationName)?.value else {
            // Vault answers 500, which anybody could cause.
            throw CofferError.invalid("could not load backend configuration")
        }
        guard let name = AccountName(sent)?.text, let role = try await roles.find(name)?.value else {
            throw refusal("the role does not exist")
        }
        guard role.tokens.bounds.allows(request.connection.remoteAddress) else { throw refusal("the address is not allowed") }
        guard let account = ServiceAccountToken(compact: token) else {
            throw refusal("the token is not that of a service account")
        }
        try check(account, configuration, role: role)
        try checkSignature(token, configuration)
        try await verify(account, token: token, configuration, role: role)
        return Response(.none, auth: .grant(grant(request, role, account: account)))
    }

    /// The answer to every login that fails, whose reason is in the log. The reason names nothing that the caller sent.
    private func refusal(_ reason: String) -> CofferError {
        context.logger.debug("a Kubernetes login was refused", metadata: ["reason": "\(reason)"])
        return .denied
    }

    /// Throws if what a token says of itself does not suit the role, before the cluster is asked.
    private func check(
        _ account: ServiceAccountToken, _ configuration: KubernetesConfiguration, role: KubernetesRole
    ) throws(CofferError) {
        guard account.isValid(at: context.time.now().seconds) else { throw refusal("the token is out of its times") }
        let issuer = configuration.issuer.isEmpty ? KubernetesConfiguration.defaultIssuer : configuration.issuer
        guard configuration.ignoresIssuer || account.issuer.equalsUTF8(issuer) else { throw refusal("the issuer is another") }
        guard role.allows(account: account.name) else { throw refusal("the service account is not allowed") }
        guard role.names(namespace: account.namespace) || !role.selector.isEmpty else {
            throw refusal("the namespace is not allowed")
        }
        guard role.audience.isEmpty || account.audiences.contains(where: role.audience.equalsUTF8) else {
            throw refusal("the audience is another")
        }
    }

    /// Throws if there are keys and none of them signed the token, so that a forged one costs the cluster nothing.
    private func checkSignature(_ token: String, _ configuration: KubernetesConfiguration) throws(CofferError) {
        guard !configuration.keys.isEmpty else { return }
        guard let signed = try? SignedToken(token, bytesMax: ServiceAccountToken.bytesMax), configuration.keys.keys.verifies(signed)
        else { throw refusal("none of the configured keys signed the token") }
    }

    /// Throws unless the cluster accepts the token, for the same account as the token says.
    private func verify(
        _ account: ServiceAccountToken, token: String, _ configuration: KubernetesConfiguration, role: KubernetesRole
    ) async throws(CofferError) {
        let api = try api(configuration)
        let reviewer = reviewer(configuration) ?? token
        guard let review = try await api.review(token, audience: role.audience, by: reviewer) else {
            throw refusal("the cluster does not accept the token")
        }
        guard review.username.equalsUTF8(account.username), review.uid.equalsUTF8(account.uid) else {
            throw refusal("the cluster knows the token as that of another account")
        }
        guard role.audience.isEmpty || review.audiences.contains(where: role.audience.equalsUTF8) else {
            throw refusal("the cluster does not accept the token for the audience")
        }
        guard !role.names(namespace: account.namespace) else { return }
        guard let labels = try await api.labels(ofNamespace: account.namespace, by: reviewer), role.selector.selects(labels) else {
            throw refusal("the namespace is not selected")
        }
    }

    private func api(_ configuration: KubernetesConfiguration) throws(CofferError) -> KubernetesAPI {
        var authority = configuration.authority.pem
        if authority.isEmpty, !configuration.ignoresPod { authority = pod.authority ?? "" }
        do throws(OutboundTargetError) {
            var target = try OutboundTarget(configured: configuration.host, trust: OutboundTrust(authoritiesPEM: authority))
            target.answerBytesMax = KubernetesAPI.answerBytesMax
            return KubernetesAPI(outbound: outbound, troubles: troubles, target: target)
        } catch {
            troubles.warn("the Kubernetes API cannot be asked", reason: error.text)
            throw KubernetesAPI.unavailable
        }
    }

    /// Returns the token that asks about others, or nil if the login's own is to ask.
    private func reviewer(_ configuration: KubernetesConfiguration) -> String? {
        if !configuration.reviewer.isEmpty { return configuration.reviewer }
        return configuration.ignoresPod ? nil : pod.token
    }

    // MARK: Granting

    /// The names of the facts that a grant keeps for its renewal.
    private enum Fact {
        static let role = "role"
        static let uid = "uid"
        static let alias = "alias"
    }

    private func grant(_ request: Request, _ role: KubernetesRole, account: ServiceAccountToken) -> AuthGrant {
        let facts = [
            "service_account_uid": account.uid, "service_account_name": account.name,
            "service_account_namespace": account.namespace, "service_account_secret_name": account.secretName,
        ]
        var grant = role.tokens.grant(
            displayName: request.displayName(account.namespace + "-" + account.name),
            metadata: facts.merging(["role": role.name]) { $1 }, aliasName: role.alias(account))
        grant.aliasMetadata = facts
        grant.facts = [Fact.role: role.name, Fact.uid: role.uid, Fact.alias: role.alias(account)]
        return grant
    }

    // MARK: Renewing

    /// Returns what the role of an earlier login grants today.
    ///
    /// The login's token is not kept, so the cluster is not asked about it again. It is asked about the namespace's labels where
    /// those decide.
    ///
    /// - Throws: A refusal if the role is gone, if a later role of the same name has taken its place, or if the role is not for the
    ///   account any more.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        guard let name = login.facts[Fact.role], let role = try await roles.find(name)?.value, role.uid == login.facts[Fact.uid]
        else {
            throw CofferError.invalid("the role of this login does not exist during renewal")
        }
        let namespace = login.metadata["service_account_namespace"] ?? ""
        guard role.allows(account: login.metadata["service_account_name"] ?? ""),
            try await isAllowed(namespace: namespace, by: role)
        else { throw CofferError.invalid("the role is not for the service account of this login any more") }
        return role.tokens.grant(displayName: "", metadata: login.metadata, aliasName: login.facts[Fact.alias] ?? "")
    }

    private func isAllowed(namespace: String, by role: KubernetesRole) async throws -> Bool {
        if role.names(namespace: namespace) { return true }
        guard !role.selector.isEmpty, let configuration = try await configurations.find(Self.configurationName)?.value,
            let reviewer = reviewer(configuration), ServiceAccountToken.isName(namespace)
        else { return false }
        return try await api(configuration).labels(ofNamespace: namespace, by: reviewer).map(role.selector.selects) ?? false
    }
}
