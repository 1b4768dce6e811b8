/// Verifies inline credentials. Created at unsealing, released at sealing.
///
/// The pipeline counts failures by name and address, does not ask about a locked name, and records every verdict. An
/// authenticator must do the same work for an unknown name as for a wrong secret.
package protocol InlineAuthenticator: Sendable {
    /// Verifies credentials. Throws only if it cannot decide, for example because the storage is unavailable. The request
    /// then fails and nothing is counted.
    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict
}

/// The verdict on credentials.
package enum InlineVerdict: Sendable {
    case granted(InlineGrant)
    case refused(InlineRefusal)
}

/// Why credentials were not accepted. The dialect may tell its caller less.
package enum InlineRefusal: String, Error, Hashable, CaseIterable {
    case unknownName
    case wrongSecret
    /// The credentials are right, but disabled, expired, or not valid from this address or for this request.
    case notAllowed
    /// Too many logins failed. Set by the pipeline.
    case locked

    /// Whether the failure counts towards a lockout.
    package var isGuess: Bool { self == .unknownName || self == .wrongSecret }
}

/// What a caller may do in the request that contained its credentials. No token is created.
package struct InlineGrant: Sendable {
    /// The name in the audit log, and as the author of what is written, such as `service-newsbot`.
    package var displayName: String
    /// The names of stored policies. Never `root`; `default` only if it is listed.
    package var policies: [String]
    /// Policies that are not stored, such as those from a configuration file. They grant nothing that the stored ones deny.
    package var rules: [InlinePolicy]
    /// Metadata, written to the audit log in the clear.
    package var metadata: [String: String]
    /// The limit of a capability token or of a service's decision on these policies, or nil.
    package var limit: Narrowing?
    /// The alias whose entity the caller has, or nil.
    package var alias: InlineAlias?

    /// Creates a grant.
    package init(
        displayName: String, policies: [String] = [], rules: [InlinePolicy] = [], metadata: [String: String] = [:],
        limit: Narrowing? = nil, alias: InlineAlias? = nil
    ) {
        self.displayName = displayName
        self.policies = policies
        self.rules = rules
        self.metadata = metadata
        self.limit = limit
        self.alias = alias
    }
}

/// The name that a caller with inline credentials has on an auth mount, such as the user of a session.
///
/// The entity with this alias is the caller's: policies of the entity and of its groups apply in addition to those of the
/// grant, and templated policies use its facts. Nothing is stored for a request, so an alias that no login and no operator
/// has created has no entity. A caller with a disabled entity is refused.
package struct InlineAlias: Sendable, Hashable {
    /// The name.
    package var name: String
    /// The accessor of the auth mount, such as `auth_userpass_8f1c2a3b`.
    package var mountAccessor: String

    /// Creates an alias.
    package init(name: String, mountAccessor: String) {
        self.name = name
        self.mountAccessor = mountAccessor
    }
}

/// A policy given by its text. Equal texts are compiled once.
package struct InlinePolicy: Sendable, Hashable {
    /// The name of the policy, which the audit log shows if it allowed a request.
    package var name: String
    /// The text in HCL or JSON, as `sys/policies/acl` accepts it.
    package var text: String

    /// Creates a policy.
    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// Hashes the name only, because texts are long and each request looks its policies up. Equality compares the texts.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(text.utf8.count)
    }
}

/// How the catalog creates an authenticator.
package struct InlineAuthenticatorDescription: Sendable {
    /// The kind of credentials that it verifies: ``InlineCredentials/kind``.
    package var kind: String
    /// Creates the authenticator. The context has the storage of the kind. There is no mount, so it has no accessor and no
    /// tuning.
    package var make: @Sendable (MountContext) throws -> any InlineAuthenticator

    /// Whether failures lock a name. False if secrets are too long to be guessed, so that a lock would only let others
    /// disable a caller.
    package var locksNames: Bool

    /// Describes an authenticator.
    package init(
        kind: String, locksNames: Bool = true, make: @escaping @Sendable (MountContext) throws -> any InlineAuthenticator
    ) {
        self.kind = kind
        self.locksNames = locksNames
        self.make = make
    }
}
