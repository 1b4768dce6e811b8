import Audit
import Capabilities
import EngineKit
import Identity
import Lifetimes
import Logging
import LoginGuards
import Policy
import Syntax

/// One request on its way through the pipeline. Read ``run()`` from top to bottom.
///
/// A class, because each `await` of a struct this size keeps copies of it on the heap.
final class Exchange {
    let core: Core
    let services: Services
    let incoming: CoreRequest
    let path: CanonicalPath
    private(set) var token: LiveToken?
    /// Of a token that has one.
    private(set) var entity: ResolvedEntity?
    private(set) var mount: Mount?
    private(set) var input: RequestInput
    private(set) var operation: Operation
    private(set) var grantingPolicies: [String] = []
    /// Where the path leads; nil until that is known.
    private var declared: EnginePath?
    private var captures = Captures()
    /// What credentials that were narrowed leave of the caller's rights; nil for every other caller.
    private(set) var limit: Narrowing?
    /// What one request with them spends.
    private var counted: [UseCounters.Use] = []
    private var inline: Result<InlineLogins.Admitted, InlineLogins.Refused>?

    init(core: Core, services: Services, incoming: CoreRequest, path: CanonicalPath) {
        self.core = core
        self.services = services
        self.incoming = incoming
        self.path = path
        operation = incoming.operation
        input = RequestInput(incoming)
    }

    func run() async -> CoreAnswer {
        let outcome: Result<Response, CofferError>
        do {
            outcome = .success(try await serve())
        } catch {
            var refusal = core.presentable(error, requestID: incoming.id)
            // What a refusal still has to say was asked to be wrapped too.
            if incoming.wrapTTL != nil { refusal.data = nil }
            if !mayHaveChanged { refusal = refusal.forUnchangedState }
            if case .failure(let refused)? = inline, let seconds = refused.retryAfter { refusal.retryAfter = seconds }
            outcome = .failure(refusal)
            await takeBack()
        }
        let answered = await close(outcome)
        if case .success(let response) = answered { await response.afterRecording?() }
        var answer = CoreAnswer(
            requestID: incoming.id, mountType: mount?.entry.type ?? "", path: path.text, outcome: answered)
        switch inline {
        case .success(let admitted): answer.inlineName = admitted.token.entry.displayName
        case .failure(let refused): answer.inlineRefusal = refused.reason
        case nil: break
        }
        return answer
    }

    /// For a request that is refused before anything of it is looked at.
    func recordRefusal(_ error: CofferError) async -> Result<Response, CofferError> { await close(.failure(error)) }

    private var isRecorded = false
    /// Something was begun that leaves a trace in the store: a use was spent, or the request is one that changes something.
    private var mayHaveChanged = false
    /// Whether the path takes callers without a token, so that a token that comes along is not used.
    private var isOpenPath = false
    /// Undoes what was made for an answer that does not leave.
    var undoing: [@Sendable () async throws -> Void] = []
    /// When a request that changes nothing was allowed; its record waits for the answer's.
    private var allowedAt: Timestamp?
    private var acl: ACL?

    /// Steps 3 to 7. Throws for every refusal.
    private func serve() async throws -> Response {
        try await authenticate()
        let (endpoint, declared, captures) = try await route()
        (self.declared, self.captures) = (declared, captures)
        let malformed = input.parseBody(
            incoming, as: endpoint?.body ?? .json, limits: core.settings.jsonLimits)
        // Nothing that is wrong with a request is told before its caller is known to be allowed here.
        try await authorise(declared)
        if let malformed { throw malformed }
        if endpoint == nil { throw CofferError(.methodNotAllowed, "unsupported operation") }
        if incoming.wrapTTL != nil, endpoint?.contentType != nil { throw ResponseWrapping.notJSON }
        var request = try makeRequest(declared, captures)
        if operation == .update || operation == .create { try await chooseCreateOrUpdate(declared, request) }
        request.operation = operation
        request.narrowing = limit
        if !ignoresToken, let acl = try await callersACL() {
            let prefix = mount?.entry.path ?? ""
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
        if let takeBack = response.takeBack { undoing.append(takeBack) }
        if case .grant(let grant)? = response.lease { try await registerLease(grant, &response) }
        if case .grant(let grant)? = response.auth { try await issueToken(grant, &response) }
        let ignored = ignoredFieldWarnings(declared)
        if !ignored.isEmpty { response.warnings += ignored }
        if let ttl = incoming.wrapTTL, response.wrapInfo == nil { try await wrap(&response, ttl: ttl) }
        return response
    }

    /// An update that finds nothing to update becomes a creation: allowed and on record as one.
    private func answer(
        _ request: Request, of endpoint: EnginePath.Endpoint, declaredAs declared: EnginePath
    ) async throws -> Response {
        do {
            return try await endpoint.handler(request)
        } catch is CreationNeeded {
            guard operation == .update, let create = declared.endpoints[.create] else { throw CofferError.notFound }
            operation = .create
            try await authorise(declared)
            var request = request
            request.operation = .create
            if !isRecorded { try await record(create) }
            return try await create.handler(request)
        }
    }

    // MARK: 3. Authenticate

    private func authenticate() async throws {
        guard case .token(let text) = incoming.credentials else { return try await authenticateInline() }
        guard let found = try await find(text) else { return }
        guard found.entry.isUsable(from: incoming.connection.remoteAddress) else { return }
        if !found.entry.entityID.isEmpty {
            // Gone or disabled: its tokens are nobody's.
            guard let entity = try await services.identity.resolve(found.entry.entityID), !entity.isDisabled else { return }
            self.entity = entity
        }
        let isCounted = !counted.isEmpty || found.entry.usesLeft > 0
        // A path for everybody must not cost a token that a client sends with every request.
        if isCounted, leadsToOpenPath { return }
        mayHaveChanged = isCounted
        for use in counted { guard try await services.tokens.spend(use, of: found.entry) else { return } }
        guard found.entry.usesLeft > 0 else { return token = found }
        token = try await services.tokens.spendUse(found.entry).map { LiveToken($0) }
    }

    /// Whether the request is for a path of an engine that takes callers without a token. Built-in paths of this kind read the
    /// token that they are asked about.
    private var leadsToOpenPath: Bool {
        guard operation != .help, let (mount, relative) = services.mounts.router.route(path.text), !mount.entry.isBuiltIn,
            let (declared, _) = mount.router.route(relative)
        else { return false }
        return declared.access == .unauthenticated
    }

    /// Whether a token that comes along has no say: an open path answers every caller alike.
    private var ignoresToken: Bool {
        guard case .token = incoming.credentials else { return false }
        return isOpenPath && operation != .help && mount?.entry.isBuiltIn == false
    }

    /// The token, or the one that a capability token was made from.
    private func find(_ text: String) async throws -> LiveToken? {
        guard CapabilityToken.isOne(text) else { return try await services.tokens.find(text) }
        guard let capability = try? CapabilityToken(text), let parent = try await services.tokens.parent(of: capability)
        else { return nil }
        let limits = CapabilityLimits(capability)
        guard limits.isAlive(at: now), limits.isFrom(incoming.connection.remoteAddress) else { return nil }
        limit = limits.narrowing
        counted = limits.counted
        // Not the parent's own: what the audit notes on it is about another token.
        return LiveToken(parent.entry)
    }

    /// Credentials other than a token, which make a caller for this request and nothing else.
    private func authenticateInline() async throws {
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

    // MARK: Route

    /// Before the caller is known to be allowed, every failure looks like a refusal: what exists is nobody's business.
    private func route() async throws -> (EnginePath.Endpoint?, EnginePath, Captures) {
        let found = services.mounts.router.route(path.text)
        guard let (mount, relative) = found,
            let (declared, captures) = operation == .help && relative.isEmpty
                ? (Help.root, Captures()) : mount.router.route(relative)
        else {
            guard !services.mounts.isClosed else { throw CofferError.sealed }
            try await requireAccess(isSudo: false, orToCreate: true)
            if let (mount, relative) = found, let text = mount.explaining?.explanation(of: relative, incoming.operation) {
                // A warning in an answer without data, as Vault gives it.
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

    /// The path may hold a token by mistake, so the audit has the text without it; the record's own path is written with care.
    private var unrouted: CofferError {
        var error = CofferError(.notFound, "no handler for route \"\(path.text)\". route entry not found.")
        error.auditText = "no handler for this route"
        return error
    }

    /// A used wrapping token is worth telling: somebody else may have had the answer.
    private var absentCaller: CofferError {
        if case .token = incoming.credentials, path.text == "sys/wrapping/unwrap" { ResponseWrapping.invalidToken } else { .denied }
    }

    // MARK: Validate

    private func makeRequest(_ declared: EnginePath, _ captures: Captures) throws(CofferError) -> Request {
        let data = try input.handed(captures, declared)
        let fields = operation == .help ? Fields() : try Fields(validating: data, as: declared.fields)
        var request = Request(
            id: incoming.id, operation: operation, path: path, mountPath: mount?.entry.path ?? "", captures: captures,
            fields: fields, body: input.body, caller: ignoresToken ? nil : caller,
            connection: incoming.connection, wrapTTL: incoming.wrapTTL)
        request.rawBody = input.raw
        if mount?.entry.isBuiltIn == true, case .token(let text) = incoming.credentials, token != nil {
            request.presentedToken = text
        }
        return request
    }

    private var caller: Caller? {
        guard let entity else { return token?.caller }
        return token?.caller.with(identityPolicies: entity.policies)
    }

    /// Asks the engine only when the answer matters: a caller that may do both is not worth a read.
    private func chooseCreateOrUpdate(_ declared: EnginePath, _ request: Request) async throws {
        guard declared.access != .unauthenticated, let exists = declared.exists, let acl = try await callersACL() else { return }
        // A narrowed token may have kept just one of the two.
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

    private func ignoredFieldWarnings(_ declared: EnginePath) -> [String] {
        input.ignoredFieldWarnings(declared, operation: incoming.operation, query: incoming.query)
    }

    // MARK: 4. Authorise

    private func authorise(_ declared: EnginePath) async throws {
        // Help takes a token everywhere: it would tell anybody what is mounted.
        guard declared.access != .unauthenticated || operation == .help else { return }
        try await requireAccess(isSudo: declared.access == .sudo, orToCreate: declared.exists != nil)
    }

    /// - Parameter orToCreate: A caller that may not update may go on as one that may create. Which of the two a request is
    ///   shows only when the engine is asked, and that is not done for somebody who may do neither.
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
        // Help says nothing about what is stored: it is for everybody who may do anything on the mount.
        if operation == .help, let mount, let token, acl.hasAnyAccess(underPrefix: mount.entry.path) {
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

    /// What the caller's policies allow; nil for a caller without a token.
    private func callersACL() async throws -> ACL? {
        guard acl == nil, let entry = token?.entry else { return acl }
        var rules: [InlinePolicy] = []
        if case .success(let admitted)? = inline { rules = admitted.rules }
        acl = try await services.policies.acl(entry.policies, rules: rules, entity)
        return acl
    }

    // MARK: 5 and 8. Audit

    private var now: Timestamp { core.environment.time.now() }

    /// The request is on record before an engine sees it that may change something.
    private func record(_ endpoint: EnginePath.Endpoint) async throws(CofferError) {
        // Wrapping stores the answer, so it changes something whatever the endpoint does.
        guard !endpoint.changesNothing || incoming.wrapTTL != nil else {
            allowedAt = now
            return
        }
        do throws(CofferError) {
            try await services.audit.record(AuditEntry(audited.request(at: now)))
        } catch {
            throw told(error)
        }
        isRecorded = true
        mayHaveChanged = true
    }

    /// What this server writes its audit to is no stranger's business.
    private func told(_ error: CofferError) -> CofferError { token == nil ? error : services.audit.refusal }

    /// The answer is on record before it leaves; when it cannot be, an error leaves instead.
    private func close(_ outcome: Result<Response, CofferError>) async -> Result<Response, CofferError> {
        var result = outcome
        do throws(CofferError) {
            try await services.audit.record(auditEntry(outcome))
        } catch {
            result = .failure(told(error))
            await takeBack()
        }
        if let token, token.entry.usesLeft == -1 {
            do {
                try await services.tokens.revokeTree(id: token.entry.id)
            } catch {
                // It stays used up, so it is refused; only its remains are left for the expiry job.
                core.logger.warning("could not remove a used-up token", metadata: ["request_id": "\(incoming.id)"])
            }
        }
        if let token, token.isWrapping, !isOpenPath { await spend(token, result) }
        return result
    }

    /// A wrapping token is good for one request, whatever becomes of it: whoever tried it for something else has shown
    /// itself to the one that it was meant for. Only when the server failed, it stays.
    private func spend(_ token: LiveToken, _ result: Result<Response, CofferError>) async {
        switch result {
        case .failure(let error): if error.isOfServer { return }
        // It is gone already when it stood for its own answer.
        case .success: if path.text.equalsUTF8("sys/wrapping/unwrap"), input.data["token"] == nil { return }
        }
        do {
            try await services.tokens.destroyWrapping(id: token.entry.id)
        } catch {
            core.logger.warning("could not remove a used wrapping token", metadata: ["request_id": "\(incoming.id)"])
        }
    }

    /// What this request made is not to be had in any other way either when its answer does not leave.
    private func takeBack() async {
        while let undo = undoing.popLast() {
            do {
                try await undo()
            } catch {
                // Nobody was told of it, and it ends by itself.
                core.logger.warning("could not take back an unsent answer", metadata: ["request_id": "\(incoming.id)"])
            }
        }
    }

    /// The response, and the request with it where that is not on record.
    private func auditEntry(_ outcome: Result<Response, CofferError>) -> AuditEntry {
        let (now, audited) = (now, audited)
        if isRecorded { return AuditEntry(audited.response(at: now, outcome)) }
        var refusal: CofferError?
        if allowedAt == nil, case .failure(let error) = outcome { refusal = error }
        return AuditEntry(
            audited.request(at: allowedAt ?? now, refused: refusal), answer: audited.answer(at: now, outcome))
    }

    private var audited: AuditComposer { AuditComposer(exchange: self) }

    /// Those that a rule of the operator names.
    var recordedHeaders: [AuditRequest.Header] { services.audit.headerRules.recorded(of: incoming.headers) }
}

extension Capability {
    init(_ operation: Operation) {
        switch operation {
        case .read, .help: self = .read
        case .list: self = .list
        case .create: self = .create
        case .update: self = .update
        case .patch: self = .patch
        case .delete: self = .delete
        }
    }
}
