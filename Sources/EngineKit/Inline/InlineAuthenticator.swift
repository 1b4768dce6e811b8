/// Says whose inline credentials are. Made at unseal, dropped at seal.
///
/// The pipeline counts failures by name and address, asks nobody about a locked one, and audits every verdict. What an
/// authenticator owes is that an unknown name and a wrong secret cost the same work.
package protocol InlineAuthenticator: Sendable {
    /// Throws only when it cannot tell, such as when the storage is away; then the request fails and nothing is counted.
    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict
}

/// What an authenticator says of credentials.
package enum InlineVerdict: Sendable {
    case granted(InlineGrant)
    case refused(InlineRefusal)
}

/// Why credentials were not accepted. For the dialect, which may not tell its caller all of it.
package enum InlineRefusal: String, Error, Hashable, CaseIterable {
    case unknownName
    case wrongSecret
    /// Right, but switched off, expired, or not good from this address or for this request.
    case notAllowed
    /// Too many failures; set by the pipeline.
    case locked

    /// Guesses count towards the lock.
    package var isGuess: Bool { self == .unknownName || self == .wrongSecret }
}

/// What a caller may do for the one request that carried its credentials. No token comes of it.
package struct InlineGrant: Sendable {
    /// In the audit, and as the author of what is written: `service-newsbot`.
    package var displayName: String
    /// Names of stored policies. Never `root`; `default` only when it is listed.
    package var policies: [String]
    /// Policies that are stored nowhere, such as those that a configuration file makes. They grant nothing that the stored ones
    /// deny.
    package var rules: [InlinePolicy]
    /// In the clear in the audit.
    package var metadata: [String: String]
    /// What the credentials leave of these policies; nil for all of it.
    package var limit: Narrowing?
    /// Whose entity the caller has; nil for a caller without one.
    package var alias: InlineAlias?

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
/// The entity that has this alias is the caller's: policies of the entity and of its groups count beside those of the grant, and
/// templated policies are rendered with its facts. Nothing is stored for a request, so the entity of an alias that nobody has logged
/// in with, and that no operator has made, is none. A disabled entity lets nobody in.
package struct InlineAlias: Sendable, Hashable {
    package var name: String
    /// The accessor of the auth mount, such as `auth_userpass_8f1c2a3b`.
    package var mountAccessor: String

    package init(name: String, mountAccessor: String) {
        self.name = name
        self.mountAccessor = mountAccessor
    }
}

/// A policy by its text. Equal texts are compiled once.
package struct InlinePolicy: Sendable, Hashable {
    /// A policy name; in the audit, where it allowed a request.
    package var name: String
    /// HCL or JSON, as `sys/policies/acl` takes it.
    package var text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// Looked up with every request, and texts are long; equality still compares them.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(text.utf8.count)
    }
}

/// How the catalogue makes an authenticator.
package struct InlineAuthenticatorDescription: Sendable {
    /// What ``InlineCredentials/kind`` names.
    package var kind: String
    /// The context's storage is the kind's own; there is no mount, so no accessor and no tuning.
    package var make: @Sendable (MountContext) throws -> any InlineAuthenticator

    /// False where secrets are too long to be guessed, and a lock would only let a neighbour switch a caller off.
    package var locksNames: Bool

    package init(
        kind: String, locksNames: Bool = true, make: @escaping @Sendable (MountContext) throws -> any InlineAuthenticator
    ) {
        self.kind = kind
        self.locksNames = locksNames
        self.make = make
    }
}
