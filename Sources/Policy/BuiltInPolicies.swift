/// The texts of the policies that every server has.
package enum BuiltInPolicies {
    /// The text that `sys/policies/acl/root` returns. The policy itself has no rules: see ``PolicyDocument/root``.
    package static let rootText = "# The root policy may do everything. It cannot be read further, changed or deleted.\n"

    /// The policy of wrapping tokens. No request can write it or give it to a token.
    package static let wrappingName = "response-wrapping"

    /// The policy that lets a wrapping token unwrap its response, by either protocol, or exchange itself.
    package static let wrappingText = """
        path "cubbyhole/response" {
          capabilities = ["read"]
        }

        path "sys/wrapping/unwrap" {
          capabilities = ["update"]
        }

        path "sys/wrapping/rewrap" {
          capabilities = ["update"]
        }

        """

    /// The policy of every token that was not created without it. Operators may replace it.
    package static let defaultText = """
        # Given to every token unless it is made without it: what a token may know and do about itself.

        # Look up, renew and revoke itself.
        path "auth/token/lookup-self" {
          capabilities = ["read"]
        }

        path "auth/token/renew-self" {
          capabilities = ["update"]
        }

        path "auth/token/revoke-self" {
          capabilities = ["update"]
        }

        # Ask what it may do.
        path "sys/capabilities-self" {
          capabilities = ["update"]
        }

        path "sys/internal/ui/resultant-acl" {
          capabilities = ["read"]
        }

        # Read the entity it belongs to.
        path "identity/entity/id/{{identity.entity.id}}" {
          capabilities = ["read"]
        }

        path "identity/entity/name/{{identity.entity.name}}" {
          capabilities = ["read"]
        }

        # Look up and renew leases whose ids it knows.
        path "sys/leases/lookup" {
          capabilities = ["update"]
        }

        path "sys/leases/renew" {
          capabilities = ["update"]
        }

        path "sys/renew" {
          capabilities = ["update"]
        }

        # Keep things that no other token can see.
        path "cubbyhole/*" {
          capabilities = ["create", "read", "update", "delete", "list"]
        }

        # Wrap answers, look at wrapping tokens and unwrap them.
        path "sys/wrapping/wrap" {
          capabilities = ["update"]
        }

        path "sys/wrapping/lookup" {
          capabilities = ["update"]
        }

        path "sys/wrapping/unwrap" {
          capabilities = ["update"]
        }

        # Hash data that it sends.
        path "sys/tools/hash" {
          capabilities = ["update"]
        }

        path "sys/tools/hash/*" {
          capabilities = ["update"]
        }

        # See how a request for approval stands, if it has its accessor.
        path "sys/control-group/request" {
          capabilities = ["update"]
        }

        # Sign in to applications as the entity it belongs to.
        path "identity/oidc/provider/+/authorize" {
          capabilities = ["read", "update"]
        }

        """
}
