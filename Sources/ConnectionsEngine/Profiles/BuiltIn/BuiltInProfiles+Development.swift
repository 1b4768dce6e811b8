extension BuiltInProfiles {
    static let development: [String] = [
        """
        name: github
        display_name: GitHub
        docs: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
        categories: [development]
        auth: oauth2
        authorization_url: https://github.com/login/oauth/authorize
        default_scopes: [repo, "read:user"]
        token_url: https://github.com/login/oauth/access_token
        token_auth_method: client_secret_post
        headers:
          Accept: application/json
        # Classic tokens have no expires_in and do not expire; those of GitHub Apps last for 8 hours and rotate.
        rotates_refresh_token: true
        reauthorize_errors: [bad_refresh_token, bad_verification_code]
        verify:
          url: https://api.github.com/user
        allowed_hosts: [github.com, api.github.com]
        """,
        """
        name: linear
        display_name: Linear
        docs: https://linear.app/developers/oauth-2-0-authentication
        categories: [development]
        auth: oauth2
        authorization_url: https://linear.app/oauth/authorize
        default_scopes: [read, write]
        scope_separator: ","
        token_url: https://api.linear.app/oauth/token
        token_auth_method: client_secret_post
        rotates_refresh_token: true
        revocation_url: https://api.linear.app/oauth/revoke
        verify:
          method: POST
          url: https://api.linear.app/graphql
          # A call without a query: 400 for a good token, 401 for a bad one.
          status: "400"
        allowed_hosts: [linear.app, api.linear.app]
        """,
        """
        name: jira
        display_name: Jira
        docs: https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
        categories: [development]
        auth: oauth2
        authorization_url: https://auth.atlassian.com/authorize
        authorization_params:
          audience: api.atlassian.com
          prompt: consent
        default_scopes: ["read:jira-work", "write:jira-work", offline_access]
        pkce: false
        token_url: https://auth.atlassian.com/oauth/token
        token_auth_method: client_secret_post
        body_format: json
        rotates_refresh_token: true
        # Within ten minutes a refresh token that was used is taken again.
        retry_in_doubt: true
        # A rotating refresh token dies after 90 days without use.
        keep_alive: 2592000
        reauthorize_errors: [unauthorized_client]
        verify:
          url: https://api.atlassian.com/oauth/token/accessible-resources
        allowed_hosts: [auth.atlassian.com, api.atlassian.com]
        """,
    ]
}
