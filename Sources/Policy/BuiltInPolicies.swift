import Syntax

/// The texts of the policies that every server has.
package enum BuiltInPolicies {
    /// The text that `sys/policies/acl/root` returns. The policy itself has no rules: see ``PolicyDocument/root``.
    package static let rootText = "# The root policy may do everything. It cannot be read further, changed or deleted.\n"

    /// The policy of wrapping tokens. No request can write it or give it to a token.
    package static let wrappingName = "response-wrapping"

    /// The policy that lets a wrapping token unwrap its response, by either protocol, or exchange itself.
    package static let wrappingText = text(
        [("cubbyhole/response", "read"), ("sys/wrapping/unwrap", "update"), ("sys/wrapping/rewrap", "update")])

    /// The policy of every token that was not created without it. Operators may replace it.
    package static let defaultText =
        "# Given to every token unless it is made without it: what a token may know and do about itself.\n\n"
        + defaultRules.map { "# \($0.comment)\n" + text($0.rules) }.joined(separator: "\n")

    /// A path, and the capabilities that are granted on it, separated by spaces.
    private typealias Rule = (path: String, capabilities: String)

    private static let defaultRules: [(comment: String, rules: [Rule])] = [
        (
            "Look up, renew and revoke itself.",
            [("auth/token/lookup-self", "read"), ("auth/token/renew-self", "update"), ("auth/token/revoke-self", "update")]
        ),
        ("Ask what it may do.", [("sys/capabilities-self", "update"), ("sys/internal/ui/resultant-acl", "read")]),
        (
            "Read the entity it belongs to.",
            [
                ("identity/entity/id/{{identity.entity.id}}", "read"),
                ("identity/entity/name/{{identity.entity.name}}", "read"),
            ]
        ),
        (
            "Look up and renew leases whose ids it knows.",
            [("sys/leases/lookup", "update"), ("sys/leases/renew", "update"), ("sys/renew", "update")]
        ),
        ("Keep things that no other token can see.", [("cubbyhole/*", "create read update delete list")]),
        (
            "Wrap answers, look at wrapping tokens and unwrap them.",
            [("sys/wrapping/wrap", "update"), ("sys/wrapping/lookup", "update"), ("sys/wrapping/unwrap", "update")]
        ),
        ("Hash data that it sends.", [("sys/tools/hash", "update"), ("sys/tools/hash/*", "update")]),
        ("See how a request for approval stands, if it has its accessor.", [("sys/control-group/request", "update")]),
        ("Sign in to applications as the entity it belongs to.", [("identity/oidc/provider/+/authorize", "read update")]),
    ]

    private static func text(_ rules: [Rule]) -> String {
        rules.map { rule in
            let capabilities = rule.capabilities.splitUTF8(at: " ").map { "\"\($0)\"" }.joined(separator: ", ")
            return "path \"\(rule.path)\" {\n  capabilities = [\(capabilities)]\n}\n"
        }.joined(separator: "\n")
    }
}
