extension BuiltInProfiles {
    static let social: [String] = [
        """
        name: reddit
        display_name: Reddit
        docs: https://github.com/reddit-archive/reddit/wiki/OAuth2
        categories: [social]
        auth: oauth2
        authorization_url: https://www.reddit.com/api/v1/authorize
        authorization_params:
          duration: permanent
        default_scopes: [identity, read]
        pkce: false
        token_url: https://www.reddit.com/api/v1/access_token
        token_auth_method: client_secret_basic
        headers:
          User-Agent: "server:coffer:v1"
        rotates_refresh_token: false
        retry_in_doubt: true
        revocation_url: https://www.reddit.com/api/v1/revoke_token
        verify:
          url: https://oauth.reddit.com/api/v1/me
        allowed_hosts: [www.reddit.com, oauth.reddit.com]
        """,
        """
        name: linkedin
        display_name: LinkedIn
        docs: https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
        categories: [social]
        auth: oauth2
        authorization_url: https://www.linkedin.com/oauth/v2/authorization
        default_scopes: [openid, profile, email]
        pkce: false
        token_url: https://www.linkedin.com/oauth/v2/accessToken
        token_auth_method: client_secret_post
        rotates_refresh_token: false
        retry_in_doubt: true
        verify:
          url: https://api.linkedin.com/v2/userinfo
        allowed_hosts: [www.linkedin.com, api.linkedin.com]
        """,
        """
        name: generic
        display_name: Any other platform
        categories: [other]
        auth: api_key
        """,
    ]
}
