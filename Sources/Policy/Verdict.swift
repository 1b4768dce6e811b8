/// Whether a caller may perform an operation on a path.
package enum Verdict: Sendable, Hashable {
    /// Allowed, with the names of the policies that grant it, for the audit log.
    case allowed([String])
    /// Denied, with the reason.
    case denied(DenialReason)

    /// Whether the request is allowed.
    package var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }
}

/// Why a request is denied, for the audit log and for tests. The caller is told only "permission denied".
package enum DenialReason: String, Sendable, Hashable {
    case noRule = "no rule covers the path"
    case denied = "a rule denies the path"
    case notGranted = "the rule for the path does not grant the capability"
    case sudoRequired = "the path needs the sudo capability"
    case wrappingTTL = "the answer must be wrapped within the rule's bounds"
    case parameterDenied = "a parameter is denied"
    case parameterNotAllowed = "a parameter is not allowed"
    case requiredParameterMissing = "a required parameter is missing"
}
