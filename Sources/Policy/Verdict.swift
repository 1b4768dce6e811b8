/// The answer to "may this caller do this here?".
package enum Verdict: Sendable, Hashable {
    /// The names of the policies that granted it, for the audit trail.
    case allowed([String])
    case denied(DenialReason)

    package var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }
}

/// For the audit trail and tests; a caller is told "permission denied" and nothing else.
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
