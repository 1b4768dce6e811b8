import EngineKit
import Identity
import Lifetimes
import Records
import Syntax

/// The parameters of `auth/token/create`.
enum TokenCreation {
    /// The declared fields.
    static let fields: [Field] = [
        Field("role_name", .string, "Name of the role."),
        Field("id", .string, "Text of the token; needs root or sudo."),
        Field("policies", .strings, "Policies; by default those of the parent."),
        Field("meta", .stringMap, "Metadata, shown by lookups and in the audit log."),
        Field("no_parent", .bool, "Create an orphan; needs root or sudo."),
        Field("no_default_policy", .bool, "Leave the default policy out."),
        Field("renewable", .bool, default: true, "Whether the token can be renewed."),
        Field("ttl", .duration, "Life of the token; 0 for the mount's default."),
        Field("lease", .duration, deprecated: true, "Use ttl."),
        Field("explicit_max_ttl", .duration, "Longest life, which renewals do not extend."),
        Field("display_name", .string, default: "token", "Name shown in the audit log and to engines."),
        Field("num_uses", .int, "Number of uses; 0 for no limit."),
        Field("period", .duration, "Renewal period; needs root or sudo."),
        Field("type", .string, "\"service\" or \"batch\"; by default the role's type."),
        Field("entity_alias", .string, "Name of an entity alias; needs a role that allows it."),
    ]
}

extension TokenEngine {
    /// Creates a token for the caller.
    ///
    /// - Parameters:
    ///   - isOrphan: Whether the path is `create-orphan`.
    ///   - roleName: The role in the path; nil if there is none.
    func create(_ request: Request, isOrphan: Bool = false, role roleName: String? = nil) async throws -> Response {
        guard let caller = request.caller, let parent = try await self.caller(request)?.entry else { throw CofferError.denied }
        guard parent.type == .service else { throw CofferError.invalid("batch tokens cannot create more tokens") }
        guard parent.usesLeft == 0 else { throw CofferError.invalid("restricted use token cannot generate child tokens") }
        var role: TokenRole?
        if let roleName {
            role = try await roles.find(roleName)?.value
            guard role != nil else { throw CofferError.invalid("unknown role \(roleName)") }
        }
        let draft = try TokenDraft(
            request.fields, parent: parent, role: role, isOrphanPath: isOrphan,
            isPrivileged: try await access.isPrivileged(caller, path: request.path.text),
            defaultTTL: defaultTTL, maxTTL: maxTTL)
        guard draft.isOrphan || parent.mayHaveChildren else {
            throw CofferError.invalid(
                "this token descends from \(TokenEntry.generationsMax) others and cannot create a child; create an orphan")
        }
        let alias = try await aliasedEntity(request.fields, role: role)
        let entityID = alias?.id ?? (draft.isOrphan ? "" : parent.entityID)
        let path = request.path.text + (role.map { $0.pathSuffix.isEmpty ? "" : "/" + $0.pathSuffix } ?? "")
        // Everything that the answer needs is read first, so that a failure leaves no token behind.
        let entity = entityID.isEmpty ? nil : try await access.identity.resolve(entityID)
        // A failure to look for missing policies only costs the warnings.
        let missing = (try? await access.policies.missing(among: draft.policies)) ?? []
        let made = try await make(draft, parent: draft.isOrphan ? nil : parent, path: path, entityID: entityID)
        var response = Response(
            .none,
            auth: .issued(made.entry.issued(token: made.token, seconds: draft.lifetime?.ttl ?? 0, entity: entity)))
        response.warnings = draft.warnings + missing
        if draft.type == .service { response.takeBack = { [tokens] in try await tokens.revokeTree(id: made.entry.id) } }
        return response
    }

    private func make(
        _ draft: TokenDraft, parent: TokenEntry?, path: String, entityID: String
    ) async throws -> (token: String, entry: TokenEntry) {
        let now = time.now()
        let configure: (inout TokenEntry) -> Void = { entry in
            draft.configure(&entry, at: now)
            entry.entityID = entityID
            // Children inherit the address ranges of their parent, unless the role sets some.
            if let parent, entry.boundCIDRs.isEmpty { entry.boundCIDRs = parent.boundCIDRs }
        }
        guard draft.type == .service else {
            let made = tokens.makeBatch(
                parentID: parent?.id ?? "", displayName: draft.displayName, policies: draft.policies, path: path,
                configure: configure)
            guard let made else {
                throw CofferError(
                    .tooLarge,
                    "the metadata and policies of the batch token are too large for a token; send fewer, or create a service token")
            }
            return made
        }
        let made = try await tokens.create(
            named: draft.id, parent: parent, displayName: draft.displayName, policies: draft.policies, path: path,
            configure: configure)
        guard let made else {
            throw draft.id != nil ? CofferError.invalid("cannot create a token with a duplicate ID") : CofferError.denied
        }
        return made
    }

    /// Returns the entity that `entity_alias` names, created if it does not exist; nil if none is named.
    private func aliasedEntity(_ fields: Fields, role: TokenRole?) async throws -> ResolvedEntity? {
        guard let alias = fields.string("entity_alias").map(IdentityMount(.token).aliasName), !alias.isEmpty else { return nil }
        guard let role else { throw CofferError.invalid("'entity_alias' is only allowed in combination with token role") }
        guard role.allowedEntityAliases.contains(where: { Glob.matches(alias, $0) }) else {
            throw CofferError.invalid("invalid 'entity_alias' value")
        }
        let entity = try await access.identity.entity(aliasedAs: alias, mountAccessor: MountEntry.token.accessor)
        guard !entity.isDisabled else { throw CofferError.denied }
        return entity
    }
}

/// The properties of a new token, after all rules have been applied to the request.
struct TokenDraft {
    /// The text that the caller chose; nil for a generated one.
    var id: String?
    var policies: [String]
    var displayName: String
    var isOrphan: Bool
    var type = TokenType.service
    /// The life of the token; nil for a root token that never expires.
    var lifetime: TokenLifetime?
    var warnings: [String] = []
    private var terms = TokenTerms()
    private var metadata: [String: String]
    private var role: TokenRole?
    private var maxTTL: Int

    /// Applies the rules of token creation to a request. Throws if it breaks one.
    init(
        _ fields: Fields, parent: TokenEntry, role: TokenRole?, isOrphanPath: Bool, isPrivileged: Bool, defaultTTL: Int, maxTTL: Int
    ) throws(CofferError) {
        self.role = role
        self.maxTTL = maxTTL
        metadata = fields.textMap("meta")
        guard metadata.count <= 64, metadata.allSatisfy({ $0.key.utf8.count <= 128 && $0.value.utf8.count <= 1_024 }) else {
            throw .invalid("field 'meta' must have at most 64 entries, with names of at most 128 and values of at most 1024 bytes")
        }
        displayName = try Self.displayName(fields)
        type = try Self.type(fields, role: role)
        id = try Self.chosenID(fields, isPrivileged: isPrivileged, role: role)
        isOrphan = role?.isOrphan ?? (isOrphanPath || fields.flag("no_parent"))
        if fields.flag("no_parent"), role == nil, !isOrphanPath, !isPrivileged {
            throw .invalid("root or sudo privileges required to create orphan token")
        }
        let withoutDefault = fields.flag("no_default_policy") || role?.withoutDefaultPolicy == true
        policies = try Self.policies(fields, parent: parent, role: role, isPrivileged: isPrivileged, withoutDefault: withoutDefault)
        try applyTerms(fields, parent: parent, isPrivileged: isPrivileged, defaultTTL: defaultTTL)
        if type == .batch { try checkBatch(fields) }
    }

    /// Throws for properties that a batch token, which has no record, cannot have.
    private func checkBatch(_ fields: Fields) throws(CofferError) {
        guard fields.seconds("explicit_max_ttl") == 0 else {
            throw .invalid("batch tokens cannot have \"explicit_max_ttl\" set")
        }
        guard terms.uses == 0 else { throw .invalid("batch tokens cannot have \"num_uses\" set") }
        guard terms.period == 0 else { throw .invalid("batch tokens cannot have \"period\" set") }
        guard id == nil else { throw .invalid("batch tokens cannot have \"id\" set") }
        guard !policies.contains("root") else { throw .invalid("batch tokens cannot be root tokens") }
    }

    /// Returns the type that the role forces, else the requested one, else the role's default.
    private static func type(_ fields: Fields, role: TokenRole?) throws(CofferError) -> TokenType {
        var asked: TokenType?
        if let text = fields.string("type"), !text.isEmpty {
            asked = TokenType(rawValue: text)
            guard asked != nil else { throw .invalid("field 'type' must be \"service\" or \"batch\"") }
        }
        let choice = role?.tokenType ?? .default
        let forced: TokenType? =
            switch choice {
            case .service: .service
            case .batch: .batch
            default: nil
            }
        if let forced, let asked, asked != forced { throw .invalid("the role makes \(forced.rawValue) tokens only") }
        return forced ?? asked ?? (choice == .defaultBatch ? .batch : .service)
    }

    /// Sets the properties of the token's entry.
    func configure(_ entry: inout TokenEntry, at now: Timestamp) {
        entry.metadata = metadata
        entry.role = role?.name ?? ""
        entry.explicitMaxTTL = terms.explicitMaxTTL
        entry.period = terms.period
        entry.maxTTL = maxTTL
        entry.usesLeft = terms.uses
        entry.boundCIDRs = terms.boundCIDRs
        guard let lifetime else { return }
        entry.isRenewable = terms.isRenewable
        entry.creationTTL = lifetime.ttl
        entry.expiresAt = now.adding(seconds: lifetime.ttl)
    }

    private mutating func applyTerms(_ fields: Fields, parent: TokenEntry, isPrivileged: Bool, defaultTTL: Int) throws(CofferError)
    {
        terms.ttl = fields.duration("ttl") ?? fields.seconds("lease")
        terms.isRenewable = fields.flag("renewable") && (role?.isRenewable ?? true)
        let asked = fields.seconds("explicit_max_ttl")
        let limits = [asked, role?.explicitMaxTTL ?? 0].filter { $0 > 0 }
        terms.explicitMaxTTL = limits.min() ?? 0
        let period = fields.seconds("period")
        guard period == 0 || isPrivileged || role != nil else {
            throw .invalid("root or sudo privileges required to create periodic token")
        }
        terms.period = period
        if let role { terms.period = role.period > 0 || !isPrivileged ? role.period : max(period, 0) }
        let uses = fields.number("num_uses")
        guard uses >= 0 else { throw .invalid("field 'num_uses' must not be negative") }
        let bounds = [uses, role?.uses ?? 0].filter { $0 > 0 }
        terms.uses = bounds.min() ?? 0
        terms.boundCIDRs = role?.boundCIDRs ?? []
        let wantsNoEnd = terms.ttl == 0 && terms.period == 0 && terms.explicitMaxTTL == 0
        if policies.contains("root"), wantsNoEnd {
            guard parent.expiresAt == nil else {
                throw .invalid("expiring root tokens cannot create non-expiring root tokens")
            }
            return
        }
        let lifetime = TokenLifetime.initial(terms, defaultTTL: defaultTTL, maxTTL: maxTTL)
        warnings += lifetime.warnings
        self.lifetime = lifetime
    }

    // MARK: Rules

    /// Returns `token`, or `token-` and the requested name with other characters than ASCII letters and digits replaced by `-`.
    private static func displayName(_ fields: Fields) throws(CofferError) -> String {
        guard fields.has("display_name"), let name = fields.string("display_name"), !name.isEmpty else { return "token" }
        guard name.utf8.count <= 256 else { throw .invalid("field 'display_name' must have at most 256 bytes") }
        let plain = name.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil) ? Character(scalar) : "-"
        }
        return "token-" + String(plain)
    }

    private static func chosenID(_ fields: Fields, isPrivileged: Bool, role: TokenRole?) throws(CofferError) -> String? {
        guard let id = fields.string("id"), !id.isEmpty else { return nil }
        guard isPrivileged else { throw .invalid("root or sudo privileges required to specify token id") }
        guard role == nil else { throw .invalid("a token id cannot be chosen with a role") }
        // Generated tokens, of this server and of others, begin with `coffer.s.`, `hvs.` or `s.`.
        for prefix in ["s.", "hvs.", "coffer."] where id.hasUTF8Prefix(prefix) {
            throw .invalid("custom token ID cannot have the '\(prefix)' prefix")
        }
        guard !id.containsUTF8(".") else { throw .invalid("custom token ID cannot have a '.' in the value") }
        guard TokenFormat.isPlausible(id), !id.containsUTF8("/") else {
            throw .invalid("field 'id' must be printable, without spaces or slashes")
        }
        return id
    }

    private static func policies(
        _ fields: Fields, parent: TokenEntry, role: TokenRole?, isPrivileged: Bool, withoutDefault: Bool
    ) throws(CofferError) -> [String] {
        let asked = try PolicyNames.normalized(fields.texts("policies"))
        var policies: [String]
        if let role {
            policies = try rolePolicies(asked, parent: parent, role: role)
        } else {
            policies = asked.isEmpty ? parent.policies : asked
            guard isPrivileged || Set(policies).subtracting(["default"]).isSubset(of: parent.policies) else {
                throw .invalid("child policies must be subset of parent")
            }
        }
        if policies.contains("root") {
            guard parent.isRoot else { throw .invalid("root tokens may not be created without parent token being root") }
            return ["root"]
        }
        if withoutDefault {
            if !asked.contains("default") { policies.removeAll { $0 == "default" } }
        } else {
            policies.append("default")
        }
        return Array(Set(policies)).sorted()
    }

    private static func rolePolicies(_ asked: [String], parent: TokenEntry, role: TokenRole) throws(CofferError) -> [String] {
        var policies = asked
        if asked.isEmpty { policies = role.allowsAnyPolicy ? parent.policies : role.allowedPolicies }
        for policy in policies where policy != "default" || role.disallowedPolicies.contains(policy) {
            guard !role.disallows(policy) else { throw .invalid("the role does not allow one of the token's policies") }
            let isAllowed =
                role.allowsAnyPolicy
                ? parent.policies.contains(policy) || parent.isRoot || !role.disallowedPolicies.isEmpty
                    || !role.disallowedPoliciesGlob.isEmpty
                : role.allows(policy)
            guard isAllowed else { throw .invalid("token policies must be subset of the role's allowed policies") }
        }
        return policies
    }
}

/// Matches texts against patterns in which each `*` stands for any text.
enum Glob {
    /// Returns whether the whole text matches.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.splitUTF8(at: "*", omittingEmpty: false)
        guard parts.count > 1 else { return text == pattern }
        guard var rest = text.removingUTF8Prefix(parts[0]) else { return false }
        for part in parts[1..<(parts.count - 1)] {
            guard let found = rest.rangeOfUTF8(part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasUTF8Suffix(parts[parts.count - 1])
    }
}
