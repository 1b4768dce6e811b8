/// The result codes of LDAP (RFC 4511, appendix A) that have a meaning here.
package enum ResultCode {
    /// Codes by which a server refuses the name or the password of a bind: constraints such as a locked account, no such entry,
    /// a malformed name, inappropriate authentication, invalid credentials, insufficient access, unwilling to perform.
    package static let refusalsOfBind: Set<Int32> = [19, 32, 34, 48, 49, 50, 53]
    package static let noSuchObject: Int32 = 32
    package static let invalidCredentials: Int32 = 49
    static let sizeLimitExceeded: Int32 = 4

    private static let names: [Int32: String] = [
        1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded", 7: "authMethodNotSupported",
        8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded", 12: "unavailableCriticalExtension",
        13: "confidentialityRequired", 14: "saslBindInProgress", 16: "noSuchAttribute", 17: "undefinedAttributeType",
        18: "inappropriateMatching", 19: "constraintViolation", 21: "invalidAttributeSyntax", 32: "noSuchObject",
        33: "aliasProblem", 34: "invalidDNSyntax", 36: "aliasDereferencingProblem", 48: "inappropriateAuthentication",
        49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform",
        54: "loopDetect", 80: "other",
    ]

    /// Returns the name and the number of a code.
    package static func text(_ code: Int32) -> String { "\(names[code] ?? "result code") (\(code))" }
}
