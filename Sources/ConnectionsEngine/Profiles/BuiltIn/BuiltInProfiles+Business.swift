extension BuiltInProfiles {
    static let business: [String] = [
        """
        name: microsoft
        display_name: Microsoft
        docs: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
        categories: [identity, productivity]
        auth: oauth2
        authorization_url: https://login.microsoftonline.com/common/oauth2/v2.0/authorize
        default_scopes: [offline_access, User.Read]
        token_url: https://login.microsoftonline.com/common/oauth2/v2.0/token
        token_auth_method: client_secret_post
        # Each answer brings a newer refresh token, and the older ones stay good beside it.
        rotates_refresh_token: false
        retry_in_doubt: true
        reauthorize_errors: [interaction_required, consent_required]
        verify:
          url: https://graph.microsoft.com/v1.0/me
        allowed_hosts: [login.microsoftonline.com, graph.microsoft.com]
        """,
        """
        name: salesforce
        display_name: Salesforce
        docs: https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm
        categories: [crm]
        auth: oauth2
        authorization_url: https://login.salesforce.com/services/oauth2/authorize
        default_scopes: [api, refresh_token]
        token_url: https://login.salesforce.com/services/oauth2/token
        token_auth_method: client_secret_post
        # The answer contains no lifetime; sessions last for two hours unless the organization says otherwise.
        default_expires_in: 7200
        rotates_refresh_token: false
        retry_in_doubt: true
        keep: [instance_url, id]
        revocation_url: https://login.salesforce.com/services/oauth2/revoke
        verify:
          url: https://login.salesforce.com/services/oauth2/userinfo
        allowed_hosts: [login.salesforce.com]
        """,
        """
        name: hubspot
        display_name: HubSpot
        docs: https://developers.hubspot.com/docs/api/oauth-quickstart-guide
        categories: [crm]
        auth: oauth2
        authorization_url: https://app.hubspot.com/oauth/authorize
        default_scopes: [oauth]
        pkce: false
        token_url: https://api.hubapi.com/oauth/v1/token
        token_auth_method: client_secret_post
        default_expires_in: 1800
        rotates_refresh_token: false
        retry_in_doubt: true
        reauthorize_errors: [BAD_REFRESH_TOKEN]
        verify:
          url: https://api.hubapi.com/account-info/v3/details
        allowed_hosts: [app.hubspot.com, api.hubapi.com]
        """,
        """
        name: stripe
        display_name: Stripe
        docs: https://docs.stripe.com/keys
        categories: [payments]
        auth: api_key
        verify:
          url: https://api.stripe.com/v1/balance
        allowed_hosts: [api.stripe.com]
        """,
        """
        name: notion
        display_name: Notion
        docs: https://developers.notion.com/docs/authorization
        categories: [productivity]
        auth: oauth2
        authorization_url: https://api.notion.com/v1/oauth/authorize
        authorization_params:
          owner: user
        pkce: false
        token_url: https://api.notion.com/v1/oauth/token
        token_auth_method: client_secret_basic
        body_format: json
        headers:
          Notion-Version: "2022-06-28"
        # Tokens do not expire unless rotation is on; then each refresh token is good once.
        rotates_refresh_token: true
        keep: [workspace_id, workspace_name, bot_id]
        verify:
          url: https://api.notion.com/v1/users/me
        allowed_hosts: [api.notion.com]
        """,
        """
        name: dropbox
        display_name: Dropbox
        docs: https://developers.dropbox.com/oauth-guide
        categories: [storage]
        auth: oauth2
        authorization_url: https://www.dropbox.com/oauth2/authorize
        authorization_params:
          token_access_type: offline
        token_url: https://api.dropboxapi.com/oauth2/token
        token_auth_method: client_secret_post
        rotates_refresh_token: false
        retry_in_doubt: true
        keep: [account_id]
        verify:
          method: POST
          url: https://api.dropboxapi.com/2/users/get_current_account
        allowed_hosts: [www.dropbox.com, api.dropboxapi.com]
        """,
    ]
}
