import Capabilities
import EngineKit
import Identity
import Lifetimes
import Records
import Syntax

/// The engine at `auth/token/`, which creates, shows, renews and revokes tokens.
struct TokenEngine: Engine {
    let tokens: TokenStore
    let access: AccessControl
    let settings: CoreSettings
    let roles: RecordTable<TokenRole>
    let time: any TimeSource
    let accessorTidy: AccessorTidy
    /// Returns the mount with an id or, if the id is empty, the mount that contains a path.
    let mount: @Sendable (String, String) -> Mount?
    /// The life of tokens that ask for none, in seconds.
    let defaultTTL: Int
    /// The longest life of tokens, in seconds.
    let maxTTL: Int

    var paths: [EnginePath] { creationPaths + lookupPaths + changePaths + rolePaths }

    static let tokenField = Field("token", .string, "The token.")
    static let accessorField = Field("accessor", .string, required: true, "Accessor of the token.")
    static let incrementField = Field(
        "increment", .duration, "Life to renew by, in seconds; 0 for the life that the token was created with.")

    private var creationPaths: [EnginePath] {
        [
            EnginePath("create", "Creates a token.", fields: TokenCreation.fields)
                .updating("Create a child of the calling token.") { try await create($0) },
            EnginePath("create-orphan", "Creates a token without a parent.", fields: TokenCreation.fields, access: .sudo)
                .updating("Create an orphan.") { try await create($0, isOrphan: true) },
            EnginePath("create/{role_name}", "Creates a token with a role.", fields: TokenCreation.fields)
                .updating("Create a token with a role.") { try await create($0, role: $0.captures["role_name"]) },
        ]
    }

    private var lookupPaths: [EnginePath] {
        [
            EnginePath("lookup", "Looks up a token.", fields: [Self.tokenField])
                .updating("Look up a token.", changesNothing: true) { try await lookup($0) },
            EnginePath("lookup-self", "Looks up the calling token.")
                .reading("Look up the calling token.") { try await lookupSelf($0) }
                .updating("Look up the calling token.", changesNothing: true) { try await lookupSelf($0) },
            EnginePath("lookup-accessor", "Looks up a token by its accessor.", fields: [Self.accessorField])
                .updating("Look up a token without showing it.", changesNothing: true) { try await lookupAccessor($0) },
            EnginePath("accessors", "Lists the accessors of all tokens.", fields: Paging.fields, access: .sudo)
                .listing("List accessors.") { try await listAccessors($0) },
        ]
    }

    private var changePaths: [EnginePath] {
        [
            EnginePath("renew", "Renews a token.", fields: [Self.tokenField, Self.incrementField])
                .updating("Renew a token.") { try await renew($0, id: try await tokenID($0)) },
            EnginePath("renew-self", "Renews the calling token.", fields: [Self.incrementField])
                .updating("Renew the calling token.") { try await renew($0, id: try ownID($0)) },
            EnginePath("renew-accessor", "Renews a token by its accessor.", fields: [Self.accessorField, Self.incrementField])
                .updating("Renew a token.") { try await renew($0, id: try await accessorID($0), showsToken: false) },
            EnginePath("revoke", "Revokes a token and its children.", fields: [Self.tokenField])
                .updatingWithoutAnswer("Revoke a token.") { try await tokens.revokeTree(id: try await tokenID($0)) },
            EnginePath("revoke-self", "Revokes the calling token and its children.")
                .updatingWithoutAnswer("Revoke the calling token.") { request in
                    if let id = try ownID(request) { try await tokens.revokeTree(id: id) }
                },
            EnginePath("revoke-accessor", "Revokes a token by its accessor.", fields: [Self.accessorField])
                .updating("Revoke a token.") { try await revokeByAccessor($0) },
            EnginePath("revoke-orphan", "Revokes a token and leaves its children valid.", fields: [Self.tokenField], access: .sudo)
                .updatingWithoutAnswer("Revoke one token.") { try await revokeOrphaning($0) },
            EnginePath("tidy", "Removes what expired tokens left behind.")
                .updating("Start a tidy.") { _ in try await tidy() },
        ]
    }

    // MARK: Looking up

    private func lookup(_ request: Request) async throws -> Response {
        if let other = request.fields.string("token"), !other.utf8.elementsEqual((request.presentedToken ?? "").utf8) {
            try Self.refuseNarrowed(other)
        }
        guard let token = request.fields.string("token") ?? request.presentedToken else { throw CofferError.denied }
        guard let found = try await tokens.find(token) else { throw CofferError(.permissionDenied, "bad token") }
        return try await shown(found, token: token)
    }

    private func lookupSelf(_ request: Request) async throws -> Response {
        guard let token = request.presentedToken, let caller = try await caller(request) else {
            throw CofferError.denied
        }
        guard let narrowing = request.narrowing else { return try await shown(caller, token: token) }
        // The answer describes the narrowed token, not its parent.
        var narrowed = caller.entry
        narrowed.isRenewable = false
        if let end = narrowing.endsAt { narrowed.expiresAt = narrowed.expiresAt.map { min($0, end) } ?? end }
        var response = try await shown(LiveToken(narrowed), token: token)
        if case .data(.object(var data)) = response.body {
            data["narrowed"] = true
            response.body = .data(.object(data))
        }
        return response
    }

    /// Returns the calling token. A batch token is decoded from its text.
    func caller(_ request: Request) async throws -> LiveToken? {
        if let id = request.caller?.tokenID, !id.isEmpty { return try await tokens.find(id: id) }
        guard let token = request.presentedToken else { return nil }
        return try await tokens.find(token)
    }

    private func lookupAccessor(_ request: Request) async throws -> Response {
        let id = try await accessorID(request)
        guard let found = try await tokens.find(id: id), found.isValid(at: time.now()) else { throw Self.badAccessor }
        return try await shown(found, token: "")
    }

    private func shown(_ found: LiveToken, token: String) async throws -> Response {
        let entity = try await entity(found.entry.entityID)
        return .data(found.entry.shown(token: token, entity: entity, at: time.now()))
    }

    /// Returns the entity with an id, or nil if the id is empty or the entity was deleted.
    func entity(_ id: String) async throws -> ResolvedEntity? {
        id.isEmpty ? nil : try await access.identity.resolve(id)
    }

    private func listAccessors(_ request: Request) async throws -> Response {
        let paging = Paging(request.fields)
        return try .keys(try await tokens.accessors(after: paging.after, limit: paging.limit))
    }

    // MARK: Changing

    private static let badAccessor = CofferError.invalid("invalid accessor")
    private static let unknownToken = CofferError.invalid("token not found")

    private func accessorID(_ request: Request) async throws -> String {
        guard let accessor = request.fields.string("accessor"), let id = try await tokens.id(accessor: accessor) else {
            throw Self.badAccessor
        }
        return id
    }

    private func tokenID(_ request: Request) async throws -> String {
        guard let token = request.fields.string("token"), !token.isEmpty else { throw CofferError.invalid("missing field 'token'") }
        try refuseBatch(token)
        try Self.refuseNarrowed(token)
        return try await tokens.knownID(of: token)
    }

    private func ownID(_ request: Request) throws(CofferError) -> String? {
        guard request.caller?.tokenID.isEmpty != true else { throw Self.batchRefusal }
        return request.caller?.tokenID
    }

    /// A narrowed token is not stored. An answer as for an unknown token would read as if it had been revoked.
    private static func refuseNarrowed(_ token: String) throws(CofferError) {
        guard CapabilityToken.isOne(token) else { return }
        throw .invalid(
            "this is a narrowed token, which ends with the token it was made from; name that token or its accessor, or use a *-self path "
                + "with the narrowed token")
    }

    private static let batchRefusal = CofferError.invalid("batch tokens cannot be renewed or revoked")

    private func refuseBatch(_ token: String?) throws(CofferError) {
        guard token?.hasUTF8Prefix(TokenFormat.batchPrefix) != true else {
            throw Self.batchRefusal
        }
    }

    private func renew(_ request: Request, id: String?, showsToken: Bool = true) async throws -> Response {
        guard let id, let entry = try await tokens.entry(id: id), entry.isValid(at: time.now()) else {
            throw showsToken ? Self.unknownToken : Self.badAccessor
        }
        guard entry.isRenewable, entry.expiresAt != nil else { throw CofferError.invalid("lease is not renewable") }
        let terms = try await renewal.terms(of: entry, on: request.connection)
        if id == request.caller?.tokenID { try checkAddress(request, terms) }
        let increment = request.fields.seconds("increment")
        guard let (renewed, lifetime) = try await tokens.renew(id: id, increment: increment, terms: terms) else {
            throw CofferError.invalid("lease is not renewable: the token has reached its maximum life")
        }
        let token = showsToken ? request.fields.string("token") ?? request.presentedToken ?? "" : ""
        var response = Response(
            .data(.object([:])),
            auth: .issued(renewed.issued(token: token, seconds: lifetime.ttl, entity: try await entity(renewed.entityID))))
        response.warnings = lifetime.warnings
        return response
    }

    private var renewal: TokenRenewal {
        TokenRenewal(
            identity: access.identity, settings: settings, ownMaxTTL: maxTTL, mount: mount,
            role: { [roles] in try await roles.find($0)?.value })
    }

    /// Throws if the renewed token could not be used from the caller's address.
    private func checkAddress(_ request: Request, _ terms: RenewalTerms) throws(CofferError) {
        let address = request.connection.remoteAddress
        guard terms.boundCIDRs.isEmpty || AddressRange.contains(address, in: terms.boundCIDRs)
        else { throw .denied }
    }

    /// Revokes a token by its accessor. An unknown accessor gives a warning, because it may be mistyped.
    private func revokeByAccessor(_ request: Request) async throws -> Response {
        guard let id = try await tokens.id(accessor: request.fields.text("accessor")) else {
            return Response(.none, warnings: ["No token found with this accessor"])
        }
        try await tokens.revokeTree(id: id)
        return .empty
    }

    private func revokeOrphaning(_ request: Request) async throws {
        let id = try await tokenID(request)
        guard try await tokens.isOnRecord(id) else { throw CofferError.invalid("token to revoke not found") }
        try await tokens.revokeOrphaning(id: id)
    }

    private func tidy() async throws -> Response {
        _ = try await tokens.expireDue(limit: 1_000)
        accessorTidy.begin()
        return Response(
            .data(.object([:])), status: 202,
            warnings: [
                "At most 1,000 expired tokens were removed. Accessors without a token are being removed in the background."
            ])
    }
}
