extension BuiltInProfiles {
    static let communication: [String] = [
        """
        name: slack
        display_name: Slack
        docs: https://docs.slack.dev/authentication/using-token-rotation
        categories: [communication]
        auth: oauth2
        authorization_url: https://slack.com/oauth/v2/authorize
        default_scopes: ["chat:write", "channels:read"]
        scope_separator: ","
        pkce: false
        token_url: https://slack.com/api/oauth.v2.access
        token_auth_method: client_secret_post
        # Tokens last for 12 hours where rotation is on, and for ever where it is not.
        rotates_refresh_token: true
        # With user scopes alone the token stands one level deeper.
        response:
          access_token: access_token | authed_user.access_token
          refresh_token: refresh_token | authed_user.refresh_token
          expires_in: expires_in | authed_user.expires_in
          scope: scope | authed_user.scope
        reauthorize_errors: [invalid_refresh_token, token_revoked, token_expired, invalid_auth, account_inactive]
        keep: [team.id, team.name, authed_user.id]
        revocation_url: https://slack.com/api/auth.revoke
        revocation_token: access_token
        verify:
          method: POST
          url: https://slack.com/api/auth.test
        allowed_hosts: [slack.com]
        """,
        """
        name: zoom
        display_name: Zoom
        docs: https://developers.zoom.us/docs/integrations/oauth/
        categories: [communication]
        auth: oauth2
        authorization_url: https://zoom.us/oauth/authorize
        token_url: https://zoom.us/oauth/token
        token_auth_method: client_secret_basic
        rotates_refresh_token: true
        # A refresh token dies after 90 days without use.
        keep_alive: 2592000
        revocation_url: https://zoom.us/oauth/revoke
        verify:
          url: https://api.zoom.us/v2/users/me
        allowed_hosts: [zoom.us, api.zoom.us]
        """,
        """
        name: discord
        display_name: Discord
        docs: https://discord.com/developers/docs/topics/oauth2
        categories: [communication]
        auth: oauth2
        authorization_url: https://discord.com/oauth2/authorize
        default_scopes: [identify]
        token_url: https://discord.com/api/oauth2/token
        token_auth_method: client_secret_post
        rotates_refresh_token: true
        revocation_url: https://discord.com/api/oauth2/token/revoke
        verify:
          url: https://discord.com/api/users/@me
        allowed_hosts: [discord.com]
        """,
    ]
}
