import Audit
import Capabilities
import EngineKit
import Identity
import Lifetimes
import Logging
import LoginGuards
import Policy
import Syntax

/// A request in the pipeline, and its state between the steps. Read ``run()`` from top to bottom.
///
/// It is a class because a struct of this size would be copied to the heap at each `await`.
final class Exchange {
    let core: Core
    let services: Services
    let incoming: CoreRequest
    let path: CanonicalPath
    private(set) var token: LiveToken?
    /// The caller's entity; nil for a caller without one.
    private(set) var entity: ResolvedEntity?
    private(set) var mount: Mount?
    private(set) var input: RequestInput
    private(set) var operation: Operation
    /// The policies that allow the request.
    private(set) var grantingPolicies: [String] = []
    /// The path that serves the request; nil until it is routed.
    private var declared: EnginePath?
    private var captures = Captures()
    /// The limits of narrowed credentials; nil for a caller whose rights are not narrowed.
    private(set) var limit: Narrowing?
    /// The counters of uses that a request with narrowed credentials spends.
    private var counted: [UseCounters.Use] = []
    /// The result of authenticating inline credentials; nil if there were none.
    private var inline: Result<InlineLogins.Admitted, InlineLogins.Refused>?
    /// Whether the request is a login that came with another request, so that it makes a caller and no token.
    let isForOneRequest: Bool
    /// The caller that such a login made.
    var loggedIn: LoginCaller?
    /// The id of the login that came with this request; nil if none did or it was not begun.
    var loginID: String?
    /// The codes of second factors that came with a login; nil if none did.
    private var codes: MFACodes?
    /// Whether a login came with the request and was refused.
    private var isLoginRefused = false

    init(core: Core, services: Services, incoming: CoreRequest, path: CanonicalPath, isForOneRequest: Bool = false) {
        self.core = core
        self.services = services
        self.incoming = incoming
        self.path = path
        self.isForOneRequest = isForOneRequest
        operation = incoming.operation
        input = RequestInput(incoming)
    }

    /// Serves the request, records it, and returns the answer.
    func run() async -> CoreAnswer {
        let outcome: Result<Response, CofferError>
        do {
            outcome = .success(try await serve())
        } catch {
            var refusal = core.presentable(error, requestID: incoming.id)
            // A caller that asks for wrapping must not get data outside it.
            if incoming.wrapTTL != nil { refusal.data = nil }
            if !mayHaveChanged { refusal = refusal.forUnchangedState }
            if case .failure(let refused)? = inline, let seconds = refused.retryAfter { refusal.retryAfter = seconds }
            outcome = .failure(refusal)
            await rollBack()
        }
        let answered = await close(outcome)
        if case .success(let response) = answered { await response.afterRecording?() }
        var answer = CoreAnswer(
            requestID: incoming.id, mountType: mount?.entry.type ?? "", path: path.text, outcome: answered)
        answer.isRefusalOfLogin = isLoginRefused
        switch inline {
        case .success(let admitted): answer.inlineName = admitted.token.entry.displayName
        case .failure(let refused): answer.inlineRefusal = refused.reason
        case nil: break
        }
        return answer
    }

    /// Records a request that was refused before it was parsed.
    func recordRefusal(_ error: CofferError) async -> Result<Response, CofferError> { await close(.failure(error)) }

    /// Whether the request is in the audit log already, apart from its answer.
    private var isRecorded = false
    /// Whether the store may have changed, because a use of the token was spent or an endpoint that changes something began.
    private var mayHaveChanged = false
    /// Whether the path takes callers without a token. A token sent to it is not used.
    private var isOpenPath = false
    /// Undoes what was created for the answer if the answer is not sent, in reverse order.
    var rollbacks: [@Sendable () async throws -> Void] = []
    /// When a read was authorized. Its record is written together with that of its answer.
    private var allowedAt: Timestamp?
    private var acl: ACL?

    /// Steps 3 to 7 of the pipeline. Throws every refusal.
    private func serve() async throws -> Response {
        try await authenticate()
        // Not earlier: authentication may wait, and the mount may be removed meanwhile.
        let (endpoint, declared, captures) = try await route()
        (self.declared, self.captures) = (declared, captures)
        let malformed = input.parseBody(
            incoming, as: endpoint?.body ?? .json, limits: core.settings.jsonLimits)
        // Faults of the request are reported only to callers that are authorized for the path.
        try await authorize(declared)
        if let malformed { throw malformed }
        if endpoint == nil { throw CofferError(.methodNotAllowed, "unsupported operation") }
        if incoming.isHead { try refuseChangeByHead(endpoint) }
        if incoming.wrapTTL != nil, endpoint?.contentType != nil { throw ResponseWrapping.notJSON }
        // Not later: the login takes effect before its grant becomes a token.
        if isOpenPath, mount?.entry.mountClass == .auth, !isForOneRequest { codes = try sentCodes() }
        var request = try makeRequest(declared, captures)
        if operation == .update || operation == .create { try await chooseCreateOrUpdate(declared, request) }
        request.operation = operation
        request.narrowing = limit
        if !ignoresToken, let acl = try await callersACL() {
            let prefix = mount?.path ?? ""
            request.mayAlso = {
                [limit, data = input.data, fields = declared.fields, wrapTTL = incoming.wrapTTL] operation, relative in
                acl.verdict(
                    Capability(operation), path: prefix + relative, parameters: RequestParameters(data, fields: fields),
                    wrapTTL: wrapTTL
                ).isAllowed && limit.map { $0(operation, prefix + relative) } != false
            }
            if mount?.entry.type == MountEntry.identity.type {
                request.hasSudo = { [text = path.description] in acl.isSudo(path: text) }
            }
        }
        guard let endpoint = operation == incoming.operation ? endpoint : declared.endpoint(for: operation) else {
            throw CofferError(.methodNotAllowed, "unsupported operation")
        }
        try await record(endpoint)
        guard operation != .help else { return help(declared) }
        var response = try await answer(request, of: endpoint, declaredAs: declared)
        if let takeBack = response.takeBack { rollbacks.append(takeBack) }
        if case .grant(let grant)? = response.lease { try await registerLease(grant, &response) }
        if case .grant(let grant)? = response.auth { try await issueToken(grant, codes, answering: &response) }
        response.warnings += input.ignoredFieldWarnings(declared, operation: incoming.operation, query: incoming.query)
        // What a login lacks is answered as it is: it grants nothing, and the caller has to read it.
        if let ttl = incoming.wrapTTL, response.wrapInfo == nil, !response.isLackingFactor { try await wrap(&response, ttl: ttl) }
        return response
    }

    /// Calls the endpoint. An update that finds nothing to update is authorized, recorded and served as a creation.
    private func answer(
        _ request: Request, of endpoint: EnginePath.Endpoint, declaredAs declared: EnginePath
    ) async throws -> Response {
        do {
            return try await endpoint.handler(request)
        } catch is CreationNeeded {
            guard operation == .update, let create = declared.endpoints[.create] else { throw CofferError.notFound }
            operation = .create
            try await authorize(declared)
            var request = request
            request.operation = .create
            if !isRecorded { try await record(create) }
            return try await create.handler(request)
        }
    }

    // MARK: 3. Authenticate

    /// Sets the token and the entity of the caller, and spends a use of the token. A token that is not valid is ignored here;
    /// paths that need one refuse the request.
    private func authenticate() async throws {
        guard case .token(let text) = incoming.credentials else { return try await authenticateInline() }
        guard let presented = try await find(text), let usable = try await services.usable(presented, from: incoming.connection)
        else { return }
        let found = usable.token
        entity = usable.entity
        guard !counted.isEmpty || found.entry.usesLeft > 0 else { return token = found }
        try await spendUses(of: found)
    }

    private func spendUses(of found: LiveToken) async throws {
        // Clients send their token with every request; a path that ignores it must not spend a use.
        if isForOpenPath { return }
        mayHaveChanged = true
        // The narrowest first: what its counter refuses must not spend the counters of those who gave it.
        for use in counted.reversed() { guard try await services.tokens.spend(use, of: found.entry) else { return } }
        guard found.entry.usesLeft > 0 else { return token = found }
        token = try await services.tokens.spendUse(found.entry).map { LiveToken($0) }
    }

    /// Returns whether the path belongs to an engine and takes callers without a token. Such paths of built-in mounts read the
    /// token of the request.
    private var isForOpenPath: Bool {
        guard operation != .help, let (mount, relative) = services.mounts.router.route(path.text), !mount.isBuiltIn
        else { return false }
        return mount.router.route(relative)?.0.access == .unauthenticated
    }

    /// Whether the token is ignored, because the path answers all callers alike.
    private var ignoresToken: Bool {
        switch incoming.credentials {
        case .token, .login: break
        case .none, .inline: return false
        }
        return isOpenPath && operation != .help && mount?.isBuiltIn == false
    }

    /// Returns the token with this text or, for a capability token, its parent with the limits set; nil if it is not valid.
    private func find(_ text: String) async throws -> LiveToken? {
        guard CapabilityToken.isOne(text) else { return try await services.tokens.find(text) }
        guard let capability = try? CapabilityToken(text), let parent = try await services.tokens.parent(of: capability)
        else { return nil }
        let limits = CapabilityLimits(capability)
        guard limits.isAlive(at: now), limits.isFrom(incoming.connection.remoteAddress) else { return nil }
        limit = limits.narrowing
        counted = limits.counted
        // A separate instance, because the audit caches the identity of the parent on the parent's own.
        return LiveToken(parent.entry)
    }

    /// Authenticates credentials other than a token, which make a caller for this request only.
    private func authenticateInline() async throws {
        if case .login(let login) = incoming.credentials { return try await authenticate(with: login) }
        guard case .inline(let credentials) = incoming.credentials else { return }
        let attempt = InlineAttempt(
            credentials: credentials, operation: operation, path: path, connection: incoming.connection)
        let verdict = try await services.inline.admit(attempt)
        inline = verdict
        guard case .success(let admitted) = verdict else { return }
        token = admitted.token
        limit = admitted.limit
        entity = admitted.entity
    }

    private func authenticate(with login: RequestLogin) async throws {
        // The login may have counted a failure, spent a secret id or created an entity.
        mayHaveChanged = true
        isLoginRefused = true
        let caller = try await logIn(login)
        isLoginRefused = false
        (token, entity) = (caller.token, caller.entity)
    }

    // MARK: Route

    /// Returns the endpoint and the declared path of the request. Until the caller is authorized, every failure looks like a
    /// missing permission, so that nobody can find out what exists.
    private func route() async throws -> (EnginePath.Endpoint?, EnginePath, Captures) {
        let location = services.mounts.router.route(path.text)
        // The root of a mount has help and nothing else.
        guard let (mount, relative) = location,
            let (declared, captures) = operation == .help && relative.isEmpty
                ? (Help.root, Captures()) : mount.router.route(relative)
        else {
            guard !services.mounts.isClosed else { throw CofferError.sealed }
            try await requireAccess(isSudo: false, orToCreate: true)
            if let (mount, relative) = location, let text = mount.explaining?.explanation(of: relative, incoming.operation) {
                // Vault answers with a warning and no data.
                throw CofferError(.notFound, text, data: .null)
            }
            throw unrouted
        }
        self.mount = mount
        isOpenPath = declared.access == .unauthenticated
        if declared.access != .unauthenticated, token == nil { throw absentCaller }
        guard !path.isFolder || operation == .list || operation == .help || declared.allowsFolder || relative.isEmpty else {
            try await requireAccess(isSudo: declared.access == .sudo, orToCreate: declared.exists != nil)
            throw CofferError.invalid("this path must not end in '/'")
        }
        return (
            operation == .help ? .init("", changesNothing: true, { _ in .empty }) : declared.endpoint(for: operation), declared,
            captures
        )
    }

    // MARK: Validate

    private func makeRequest(_ declared: EnginePath, _ captures: Captures) throws(CofferError) -> Request {
        let data = try input.handed(captures, declared)
        let fields = operation == .help ? Fields() : try Fields(validating: data, as: declared.fields)
        var request = Request(
            id: incoming.id, operation: operation, path: path, mountPath: mount?.path ?? "", captures: captures,
            fields: fields, body: input.body, caller: ignoresToken ? nil : caller,
            connection: incoming.connection, wrapTTL: incoming.wrapTTL)
        request.rawBody = input.raw
        request.setHeaders(incoming.headers)
        if mount?.isBuiltIn == true {
            if case .token(let text) = incoming.credentials, token != nil || isOpenPath { request.presentedToken = text }
            if isOpenPath { request.authorization = incoming.authorization }
        }
        return request
    }

    private var caller: Caller? {
        guard let entity else { return token?.caller }
        return token?.caller.with(identityPolicies: entity.policies)
    }

    /// Asks the engine whether a write creates or updates, unless the caller may do both.
    private func chooseCreateOrUpdate(_ declared: EnginePath, _ request: Request) async throws {
        guard declared.access != .unauthenticated, let exists = declared.exists, let acl = try await callersACL() else { return }
        // The limits of a narrowed token may allow only one of the two.
        if limit == nil {
            let held = acl.capabilities(path: path.text)
            if held.contains(.root) || held.contains([.create, .update]) { return }
        }
        var request = request
        request.operation = .update
        let chosen: Operation = try await exists(request) ? .update : .create
        guard chosen != operation else { return }
        operation = chosen
        try await requireAccess(isSudo: declared.access == .sudo)
    }

    private func help(_ declared: EnginePath) -> Response {
        guard let mount else { return .empty }
        let description = core.environment.catalog.description(mount.entry.type, mount.entry.mountClass)
        return Help(mount: mount, summary: description?.summary ?? mount.entry.description, settings: core.settings)
            .response(for: declared)
    }

    // MARK: 4. Authorize

    private func authorize(_ declared: EnginePath) async throws {
        // Help always needs a token, because it reveals what is mounted.
        guard declared.access != .unauthenticated || operation == .help else { return }
        try await requireAccess(isSudo: declared.access == .sudo, orToCreate: declared.exists != nil)
    }

    /// Throws `.permissionDenied` unless the caller may perform the operation.
    ///
    /// - Parameter orToCreate: Whether a caller that may only create may send an update. The engine, which knows whether the
    ///   request creates, is asked only for callers that may do either.
    private func requireAccess(isSudo: Bool, orToCreate: Bool) async throws {
        do {
            try await requireAccess(isSudo: isSudo)
        } catch let refusal as CofferError where refusal.code == .permissionDenied && orToCreate && operation == .update {
            operation = .create
            do { try await requireAccess(isSudo: isSudo) } catch {
                operation = .update
                throw error
            }
        }
    }

    private func requireAccess(isSudo: Bool) async throws {
        guard let acl = try await callersACL() else { throw CofferError.denied }
        if let limit, !limit(operation, path.description) { throw CofferError.denied }
        // Help reveals nothing that is stored, so any access to the mount is enough.
        if operation == .help, let mount, let token, acl.hasAnyAccess(underPrefix: mount.path) {
            grantingPolicies = token.entry.policies
            return
        }
        let verdict = acl.verdict(
            Capability(operation), path: path.description,
            parameters: RequestParameters(input.data, captures: captures, fields: declared?.fields ?? []),
            wrapTTL: incoming.wrapTTL, sudo: isSudo)
        switch verdict {
        case .allowed(let policies): grantingPolicies = policies
        case .denied: throw CofferError.denied
        }
    }

    /// Returns what the caller's policies allow; nil for a caller without a token.
    private func callersACL() async throws -> ACL? {
        guard acl == nil, let token else { return acl }
        var rules: [InlinePolicy] = []
        if case .success(let admitted)? = inline { rules = admitted.rules }
        acl = try await services.policies.acl(token.entry.policies, rules: rules, entity)
        return acl
    }

    // MARK: 5 and 8. Audit

    private var now: Timestamp { core.environment.time.now() }

    /// Records the request before an engine may change something. The record of a read is written together with that of its answer.
    private func record(_ endpoint: EnginePath.Endpoint) async throws(CofferError) {
        // Wrapping stores the answer, so even a wrapped read changes something.
        guard !endpoint.changesNothing || incoming.wrapTTL != nil else {
            allowedAt = now
            return
        }
        do throws(CofferError) {
            try await services.audit.record(AuditEntry(audited.request(at: now)))
        } catch {
            throw auditFailure(error)
        }
        isRecorded = true
        mayHaveChanged = true
    }

    /// Returns the audit's failure as the caller may see it: only authenticated callers learn what the server writes its audit log
    /// to.
    private func auditFailure(_ error: CofferError) -> CofferError { token == nil ? error : services.audit.refusal }

    /// Records the answer before it is sent. Returns the answer to send, which is an error if it could not be recorded.
    private func close(_ outcome: Result<Response, CofferError>) async -> Result<Response, CofferError> {
        var result = outcome
        do throws(CofferError) {
            try await services.audit.record(auditEntry(outcome))
        } catch {
            result = .failure(auditFailure(error))
            await rollBack()
        }
        if let token, token.entry.usesLeft == -1 {
            do {
                try await services.tokens.revokeTree(id: token.entry.id)
            } catch {
                // The token stays used up and is refused; the expiry job deletes its record.
                core.logger.warning(
                    "could not delete a token that has no uses left; it is refused, and deleted when it expires",
                    metadata: ["request_id": "\(incoming.id)"])
            }
        }
        if let token, token.isWrapping, !isOpenPath { await deleteWrappingToken(token, after: result) }
        return result
    }

    /// Revokes what the request created, because its answer is not sent.
    private func rollBack() async {
        while let undo = rollbacks.popLast() {
            do {
                try await undo()
            } catch {
                // Nobody knows of it, and it expires.
                core.logger.warning(
                    "could not revoke what was created for an answer that was not sent; it stays valid until it expires",
                    metadata: ["request_id": "\(incoming.id)"])
            }
        }
    }

    /// Returns the entry for the answer, combined with the request unless that is recorded already.
    private func auditEntry(_ outcome: Result<Response, CofferError>) -> AuditEntry {
        let (now, audited) = (now, audited)
        if isRecorded { return AuditEntry(audited.response(at: now, outcome)) }
        var refusal: CofferError?
        if allowedAt == nil, case .failure(let error) = outcome { refusal = error }
        return AuditEntry(
            audited.request(at: allowedAt ?? now, refused: refusal), answer: audited.answer(at: now, outcome))
    }

    private var audited: AuditComposer { AuditComposer(exchange: self) }

    /// The request headers that the audit is configured to record.
    var recordedHeaders: [AuditRequest.Header] { services.audit.headerRules.recorded(of: incoming.headers) }
}
