import Audit
import EngineKit
import Lifetimes
import Syntax

/// Tells the audit what the pipeline knows of a request.
struct AuditComposer {
    let incoming: CoreRequest
    let path: CanonicalPath
    let operation: Operation
    let mount: MountEntry?
    let entry: TokenEntry?
    let granting: [String]
    let body: JSONObject

    func request(at time: Timestamp, refused error: CofferError? = nil) -> AuditRecord {
        record(.request, at: time, error: error)
    }

    /// For a request that is on record already.
    func response(at time: Timestamp, _ outcome: Result<Response, CofferError>) -> AuditRecord {
        var record = record(.response, at: time, error: outcome.error)
        record.response = response(outcome)
        return record
    }

    /// For a request that is recorded together with it.
    func answer(at time: Timestamp, _ outcome: Result<Response, CofferError>) -> AuditAnswer {
        AuditAnswer(time: time, response: response(outcome), error: outcome.error?.recorded)
    }

    private func record(_ kind: AuditRecord.Kind, at time: Timestamp, error: CofferError?) -> AuditRecord {
        AuditRecord(
            kind: kind, time: time, auth: auth, request: request, error: error?.recorded,
            clearRequestKeys: mount?.tuning.auditClearRequestKeys ?? [],
            clearResponseKeys: mount?.tuning.auditClearResponseKeys ?? [])
    }

    private func response(_ outcome: Result<Response, CofferError>) -> AuditResponse {
        switch outcome {
        case .success(let response): self.response(response)
        case .failure(let error): mounted(AuditResponse(data: error.data, statusCode: 0))
        }
    }

    private var token: String? {
        if case .token(let token) = incoming.credentials { token } else { nil }
    }

    private var auth: AuditAuth? {
        if case .inline(let credentials) = incoming.credentials { return inlineAuth(credentials) }
        guard let entry else { return token.map { AuditAuth(clientToken: $0) } }
        return AuditAuth(
            clientToken: token, accessor: entry.accessor, displayName: entry.displayName, policies: entry.policies,
            tokenPolicies: entry.policies, metadata: entry.metadata, entityID: entry.entityID, tokenType: entry.type.rawValue,
            tokenTTLSeconds: entry.creationTTL, tokenIssueTime: entry.createdAt, isAllowed: !granting.isEmpty,
            grantingPolicies: granting.map { .init(name: $0) })
    }

    /// Who it was, if the credentials were good, and who it said it was.
    private func inlineAuth(_ credentials: InlineCredentials) -> AuditAuth {
        var auth = AuditAuth(
            displayName: entry?.displayName, policies: entry?.policies ?? [], metadata: entry?.metadata ?? [:],
            tokenType: "inline", isAllowed: entry.map { _ in !granting.isEmpty }, grantingPolicies: granting.map { .init(name: $0) }
        )
        auth.inlineKind = credentials.kind
        auth.inlineName = credentials.name
        return auth
    }

    private var request: AuditRequest {
        var data = body
        for item in incoming.query where data[item.name] == nil { data[item.name] = .string(item.value) }
        var request = AuditRequest(
            id: incoming.id, operation: operation.rawValue, path: path.description, mountPoint: mount?.path, mountType: mount?.type,
            mountAccessor: mount?.accessor, mountClass: mount?.mountClass.rawValue,
            remoteAddress: incoming.connection.remoteAddress, remotePort: incoming.connection.remotePort)
        request.data = data.isEmpty ? nil : .object(data)
        request.clientToken = token
        request.clientTokenAccessor = entry?.accessor
        request.wrapTTLSeconds = incoming.wrapTTL
        return request
    }

    private func response(_ response: Response) -> AuditResponse {
        var result = mounted(AuditResponse(statusCode: response.status ?? 200))
        switch response.body {
        case .none: result.statusCode = response.status ?? (response.hasNothingToSay ? 204 : 200)
        case .data(let data), .bare(let data): result.data = data
        }
        result.warningsCount = response.warnings.count
        result.wrapInfo = response.wrapInfo.map { info in
            AuditResponse.WrapInfo(
                token: info.token, accessor: info.accessor, ttlSeconds: info.ttl, creationTime: info.createdAt,
                creationPath: info.creationPath, wrappedAccessor: info.wrappedAccessor)
        }
        if case .held(let lease)? = response.lease { result.leaseID = lease.id }
        if case .issued(let issued)? = response.auth {
            result.auth = AuditAuth(
                clientToken: issued.clientToken, accessor: issued.accessor, policies: issued.policies,
                tokenPolicies: issued.tokenPolicies, metadata: issued.metadata, entityID: issued.entityID,
                tokenType: issued.type.rawValue, tokenTTLSeconds: issued.leaseSeconds)
        }
        return result
    }

    private func mounted(_ response: AuditResponse) -> AuditResponse {
        var response = response
        response.mountPoint = mount?.path
        response.mountType = mount?.type
        response.mountAccessor = mount?.accessor
        response.mountClass = mount?.mountClass.rawValue
        return response
    }
}

extension CofferError {
    fileprivate var recorded: String { messages.first ?? code.rawValue }
}

extension Result where Failure == CofferError {
    fileprivate var error: CofferError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
