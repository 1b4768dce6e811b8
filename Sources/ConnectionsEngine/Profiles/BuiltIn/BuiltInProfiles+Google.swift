extension BuiltInProfiles {
    static let google: [String] = [
        """
        name: google
        display_name: Google
        docs: https://developers.google.com/identity/protocols/oauth2/web-server
        categories: [identity]
        auth: oauth2
        authorization_url: https://accounts.google.com/o/oauth2/v2/auth
        authorization_params:
          access_type: offline
          prompt: consent
          include_granted_scopes: "true"
        default_scopes: [openid, "https://www.googleapis.com/auth/userinfo.email"]
        token_url: https://oauth2.googleapis.com/token
        token_auth_method: client_secret_post
        rotates_refresh_token: false
        retry_in_doubt: true
        revocation_url: https://oauth2.googleapis.com/revoke
        verify:
          url: https://www.googleapis.com/oauth2/v3/userinfo
        allowed_hosts: [accounts.google.com, oauth2.googleapis.com, www.googleapis.com]
        """,
        """
        name: gmail
        extends: google
        display_name: Gmail
        categories: [productivity]
        default_scopes: ["https://www.googleapis.com/auth/gmail.modify"]
        verify:
          url: https://gmail.googleapis.com/gmail/v1/users/me/profile
        allowed_hosts: [accounts.google.com, oauth2.googleapis.com, www.googleapis.com, gmail.googleapis.com]
        """,
        """
        name: google_calendar
        extends: google
        display_name: Google Calendar
        categories: [productivity]
        default_scopes: ["https://www.googleapis.com/auth/calendar"]
        verify:
          url: https://www.googleapis.com/calendar/v3/users/me/calendarList?maxResults=1
        """,
        """
        name: google_drive
        extends: google
        display_name: Google Drive
        categories: [productivity]
        default_scopes: ["https://www.googleapis.com/auth/drive"]
        verify:
          url: https://www.googleapis.com/drive/v3/about?fields=user
        """,
        """
        name: google_sheets
        extends: google
        display_name: Google Sheets
        categories: [productivity]
        default_scopes: ["https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/userinfo.email"]
        """,
    ]
}
