import Audit
import EngineKit
import Identity
import Lifetimes
import Syntax

/// Builds the audit records of a request from its state in the pipeline.
struct AuditComposer {
    let exchange: Exchange

    /// Returns the record of a request, before its answer is known or with the error that refused it.
    func request(at time: Timestamp, refused error: CofferError? = nil) -> AuditRecord {
        record(.request, at: time, error: error)
    }

    /// Returns the record of an answer whose request was recorded before.
    func response(at time: Timestamp, _ outcome: Result<Response, CofferError>) -> AuditRecord {
        var record = record(.response, at: time, error: outcome.error)
        record.response = response(outcome)
        return record
    }

    /// Returns the answer for a record that combines it with its request.
    func answer(at time: Timestamp, _ outcome: Result<Response, CofferError>) -> AuditAnswer {
        AuditAnswer(time: time, response: response(outcome), error: outcome.error?.recorded)
    }

    private func record(_ kind: AuditRecord.Kind, at time: Timestamp, error: CofferError?) -> AuditRecord {
        AuditRecord(
            kind: kind, time: time, identity: identity, mount: exchange.mount?.audited, request: request, error: error?.recorded)
    }

    private func response(_ outcome: Result<Response, CofferError>) -> AuditResponse {
        switch outcome {
        case .success(let response): self.response(response)
        case .failure(let error): AuditResponse(data: error.data, statusCode: error.code.httpStatus)
        }
    }

    private var clientToken: String? {
        if case .token(let token) = exchange.incoming.credentials { token } else { nil }
    }

    /// Who sent the request. It is cached on the token for all requests that the same policies allow.
    private var identity: AuditIdentity? {
        if case .inline(let credentials) = exchange.incoming.credentials { return identity(of: credentials) }
        if case .login = exchange.incoming.credentials { return AuditIdentity(loginAuth) }
        guard let token = exchange.token else { return clientToken.map { AuditIdentity(AuditAuth(clientToken: $0)) } }
        let identityPolicies = exchange.entity?.policies ?? []
        return token.note(
            where: { (known: AuditIdentity) in
                known.auth.identityPolicies == identityPolicies
                    && known.auth.grantingPolicies.lazy.map(\.name).elementsEqual(exchange.grantingPolicies)
            },
            make: { AuditIdentity(auth(token.entry), isShared: true) })
    }

    private func identity(of credentials: InlineCredentials) -> AuditIdentity {
        guard let token = exchange.token else { return AuditIdentity(inlineAuth(credentials)) }
        let identityPolicies = exchange.entity?.policies ?? []
        return token.note(
            where: { (known: AuditIdentity) in
                known.auth.inlineName == credentials.name && known.auth.inlineKind == credentials.kind
                    && known.auth.identityPolicies == identityPolicies
                    && known.auth.grantingPolicies.lazy.map(\.name).elementsEqual(exchange.grantingPolicies)
            },
            make: { AuditIdentity(inlineAuth(credentials), isShared: true) })
    }

    private func auth(_ entry: TokenEntry) -> AuditAuth {
        AuditAuth(
            accessor: entry.accessor, displayName: entry.displayName,
            policies: exchange.entity.map { entry.policies.united(with: $0.policies) } ?? entry.policies,
            tokenPolicies: entry.policies,
            identityPolicies: exchange.entity?.policies ?? [], metadata: entry.metadata, entityID: entry.entityID,
            tokenType: entry.type.rawValue,
            tokenTTLSeconds: entry.creationTTL, tokenIssueTime: entry.createdAt, isAllowed: !exchange.grantingPolicies.isEmpty,
            grantingPolicies: exchange.grantingPolicies.map { .init(name: $0) })
    }

    /// Returns who authenticated, and the name that the credentials claim, which may be all that is known.
    private func inlineAuth(_ credentials: InlineCredentials) -> AuditAuth {
        let entry = exchange.token?.entry
        var auth = AuditAuth(
            displayName: entry?.displayName, policies: (entry?.policies ?? []).united(with: exchange.entity?.policies ?? []),
            identityPolicies: exchange.entity?.policies ?? [], metadata: entry?.metadata ?? [:],
            entityID: exchange.entity?.id ?? "", tokenType: "inline",
            isAllowed: entry.map { _ in !exchange.grantingPolicies.isEmpty },
            grantingPolicies: exchange.grantingPolicies.map { .init(name: $0) }
        )
        auth.inlineKind = credentials.kind
        auth.inlineName = credentials.name
        return auth
    }

    /// Who logged in with the request, or only that somebody tried. The login itself is in the log under the id that this names.
    private var loginAuth: AuditAuth {
        var auth = exchange.token.map { self.auth($0.entry) } ?? AuditAuth()
        (auth.accessor, auth.tokenTTLSeconds, auth.tokenIssueTime) = (nil, nil, nil)
        (auth.tokenType, auth.inlineKind, auth.loginRequestID) = ("inline", "login", exchange.loginID)
        return auth
    }

    private var request: AuditRequest {
        let data = exchange.input.data
        var request = AuditRequest(
            id: exchange.incoming.id, operation: exchange.operation.rawValue, path: exchange.path.description,
            remoteAddress: exchange.incoming.connection.remoteAddress, remotePort: exchange.incoming.connection.remotePort)
        request.data = data.isEmpty ? nil : .object(data)
        request.rawBody = exchange.input.raw.map { AuditRawBody(bytes: $0.bytes) }
        request.clientToken = clientToken
        request.clientTokenAccessor = exchange.token?.entry.accessor
        request.wrapTTLSeconds = exchange.incoming.wrapTTL
        request.headers = exchange.recordedHeaders
        return request
    }

    private func response(_ response: Response) -> AuditResponse {
        var result = AuditResponse(statusCode: response.status ?? 200)
        switch response.body {
        case .none: result.statusCode = response.status ?? (response.hasNothingToSay ? 204 : 200)
        case .data(let data), .bare(let data): result.data = data
        case .raw(let content): result.rawBody = AuditRawBody(bytes: content.bytes, contentType: content.contentType)
        case .stream(let content):
            result.rawBody = AuditRawBody(streamedLength: content.length, contentType: content.contentType)
        }
        result.warningsCount = response.warnings.count
        result.wrapInfo = response.wrapInfo.map { info in
            AuditResponse.WrapInfo(
                token: info.token, accessor: info.accessor, ttlSeconds: info.ttl, creationTime: info.createdAt,
                creationPath: info.creationPath, wrappedAccessor: info.wrappedAccessor)
        }
        if case .held(let lease)? = response.lease { result.leaseID = lease.id }
        if case .lacking(let requirement)? = response.auth {
            result.data = .object(["mfa_requirement": .object(requirement.shown)])
        }
        if case .issued(let issued)? = response.auth {
            if !issued.satisfied.isEmpty {
                result.data = .object(["mfa_satisfied": .object(MFARequirement.shown(issued.satisfied))])
            }
            var auth = AuditAuth(
                clientToken: issued.clientToken, accessor: issued.accessor, policies: issued.policies,
                tokenPolicies: issued.tokenPolicies, identityPolicies: issued.identityPolicies, metadata: issued.metadata,
                entityID: issued.entityID,
                tokenType: issued.type.rawValue, tokenTTLSeconds: issued.leaseSeconds)
            if exchange.isForOneRequest {
                (auth.clientToken, auth.accessor, auth.tokenType, auth.tokenTTLSeconds) = (nil, nil, "inline", nil)
            }
            result.issued = AuditIdentity(auth)
        }
        return result
    }
}

extension AuditMount {
    /// Creates the audit's view of a mount.
    convenience init(_ mount: MountEntry) {
        self.init(
            path: mount.path, type: mount.type, accessor: mount.accessor, mountClass: mount.mountClass.rawValue,
            clearRequestKeys: mount.tuning.auditClearRequestKeys, clearResponseKeys: mount.tuning.auditClearResponseKeys)
    }
}

extension CofferError {
    /// The error as the audit records it. Messages contain names that callers sent; one that may contain a token is replaced by the
    /// error's code.
    var recorded: String {
        guard let text = auditText ?? messages.first else { return code.rawValue }
        return TokenText.occurs(in: text) ? code.rawValue : text
    }
}

extension Result where Failure == CofferError {
    fileprivate var error: CofferError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
