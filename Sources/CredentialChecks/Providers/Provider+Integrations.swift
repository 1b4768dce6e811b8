// Accounts of other services that people connect.

import Outbound
import Syntax

extension Provider {
    static let integrations: [Provider] = [
        Provider(
            "slack", "Slack", types: [.oauthToken, .apiKey],
            patterns: [
                KeyPattern(.text(["xoxb-", "xoxp-", "xoxa-", "xoxr-"]), .run(.letterDigitOrHyphen, .atLeast(10))),
                KeyPattern(.text(["xoxe.xoxb-", "xoxe.xoxp-"]), .run(.letterDigitOrHyphen, .atLeast(10))),
                KeyPattern(.text(["xapp-"]), .run(.letterDigitOrHyphen, .atLeast(10)), type: .apiKey),
            ],
            example: "xoxb-EXAMPLE", documentation: "https://api.slack.com/authentication/token-types",
            notes: ["A rotating token (xoxe.) works for twelve hours and needs its refresh token."],
            check: .probes([
                Probe(
                    .post, "https://slack.com/api/auth.test", by: .bearer, types: [.oauthToken, .apiKey], rules: AnswerRule.slack,
                    account: ["team"])
            ])),
        Provider(
            "slack_webhook", "Slack webhook", types: [.webhookSecret, .other],
            patterns: [
                KeyPattern(
                    .text(["https://hooks.slack.com/services/T"]), .run(.uppercaseOrDigit, 1...30), .text(["/B"]),
                    .run(.uppercaseOrDigit, 1...30), .text(["/"]), .run(.letterOrDigit, 23...25))
            ],
            example: "https://hooks.slack.com/services/T…/B…/EXAMPLE", documentation: "https://api.slack.com/messaging/webhooks",
            notes: ["The test sends a message that Slack refuses, so nothing is posted."],
            check: .probes([
                Probe(
                    .post, "", by: .url(hosts: ["hooks.slack.com"]), types: [.webhookSecret, .other],
                    headers: [Header("content-type", "application/json")], body: "not a payload",
                    rules: [
                        .code(400, "invalid_payload", means: .valid, because: .accepted),
                        .code(400, "no_text", means: .valid, because: .accepted),
                        .status(403, .invalid, because: .disabled), .status(404, .invalid, because: .rejected),
                        .status(410, .invalid, because: .revoked),
                    ])
            ])),
        google(
            "google_drive", "Google Drive", url: "https://www.googleapis.com/drive/v3/about?fields=user", member: "user",
            account: ["user", "displayName"]),
        google(
            "gmail", "Gmail", url: "https://gmail.googleapis.com/gmail/v1/users/me/profile", member: "emailAddress",
            account: ["emailAddress"]),
        google(
            "google_sheets", "Google Sheets", url: "https://www.googleapis.com/oauth2/v3/userinfo", member: "sub",
            account: ["email"]),
        Provider(
            "reddit", "Reddit", types: [.oauthToken, .apiKey], example: "the access token of a connection",
            documentation: "https://www.reddit.com/dev/api/oauth",
            check: .probes([
                Probe(
                    .get, "https://oauth.reddit.com/api/v1/me", by: .bearer, types: [.oauthToken, .apiKey],
                    headers: [Header("user-agent", "coffer:connection-test:v1")], rules: [.member("name", .valid)],
                    account: ["name"])
            ])),
        Provider(
            "notion", "Notion", types: [.apiKey, .oauthToken],
            patterns: [
                KeyPattern(.text(["ntn_"]), .run(.letterOrDigit, .atLeast(40))),
                KeyPattern(.text(["secret_"]), .run(.letterOrDigit, .exactly(43))),
            ],
            example: "ntn_EXAMPLE", documentation: "https://developers.notion.com/docs/authorization",
            check: .probes([
                Probe(
                    .get, "https://api.notion.com/v1/users/me", by: .bearer, types: [.apiKey, .oauthToken],
                    headers: [Header("Notion-Version", "2022-06-28")],
                    rules: [.equal(200, ["object"], is: "user", means: .valid, because: .accepted)],
                    account: ["name"])
            ])),
        Provider(
            "hubspot", "HubSpot", types: [.apiKey, .oauthToken],
            patterns: [
                KeyPattern(.text(["pat-eu", "pat-na"]), .run(.digits, .exactly(1)), .text(["-"]), .run(.hexOrHyphen, .exactly(36)))
            ],
            example: "pat-eu1-EXAMPLE", documentation: "https://developers.hubspot.com/docs/api/private-apps",
            check: .probes([
                Probe(
                    .get, "https://api.hubapi.com/account-info/v3/details", by: .bearer, types: [.apiKey, .oauthToken],
                    rules: [.member("portalId", .valid)])
            ])),
        Provider(
            "airtable", "Airtable", types: [.apiKey, .oauthToken],
            patterns: [
                KeyPattern(
                    .text(["pat"]), .run(.letterOrDigit, .exactly(14)), .text(["."]), .run(.hex, .exactly(64)), needsWhole: true)
            ],
            example: "patEXAMPLE.…", documentation: "https://airtable.com/create/tokens",
            check: .probes([
                Probe(
                    .get, "https://api.airtable.com/v0/meta/whoami", by: .bearer, types: [.apiKey, .oauthToken],
                    rules: [.member("id", .valid)])
            ])),
        Provider(
            "linear", "Linear", patterns: [KeyPattern(.text(["lin_api_"]), .run(.letterOrDigit, .exactly(40)))],
            example: "lin_api_EXAMPLE", documentation: "https://linear.app/settings/account/security",
            check: .probes([
                Probe(
                    .post, "https://api.linear.app/graphql", by: .header("Authorization"),
                    headers: [Header("content-type", "application/json")], body: #"{"query":"{ viewer { id name } }"}"#,
                    rules: [
                        .codes(200...401, "AUTHENTICATION_ERROR", means: .invalid, because: .rejected),
                        .codes(200...403, "FORBIDDEN", means: .restricted, because: .missingRight),
                        .path(["data", "viewer", "id"], .valid),
                    ], account: ["data", "viewer", "name"])
            ])),
    ]

    private static func google(
        _ id: String, _ name: String, url: String, member: String, account: [String]
    ) -> Provider {
        Provider(
            id, name, types: [.oauthToken],
            patterns: [KeyPattern(.text(["ya29."]), .run(.urlSafe, .atLeast(10)))], example: "ya29.EXAMPLE",
            documentation: "https://developers.google.com/identity/protocols/oauth2",
            notes: ["A token works for an hour; connect the account again if it is refused."],
            check: .probes([
                Probe(
                    .get, url, by: .bearer, types: [.oauthToken],
                    rules: [
                        .code(403, "rateLimitExceeded", means: .unknown, because: .rateLimited),
                        .code(403, "userRateLimitExceeded", means: .unknown, because: .rateLimited), .member(member, .valid),
                    ], account: account)
            ]))
    }
}

extension AnswerRule {
    /// Slack answers 200 to everything and says in `ok` and `error` what it means.
    static let slack: [AnswerRule] = [
        .equal(200, ["ok"], is: true, means: .valid, because: .accepted),
        .oneOf(
            200, ["error"], in: ["invalid_auth", "not_authed", "user_removed_from_team", "invalid_token"], means: .invalid,
            because: .rejected),
        .oneOf(200, ["error"], in: ["token_revoked"], means: .invalid, because: .revoked),
        .oneOf(200, ["error"], in: ["token_expired"], means: .invalid, because: .expired),
        .oneOf(200, ["error"], in: ["account_inactive", "team_access_not_granted"], means: .invalid, because: .disabled),
        .oneOf(200, ["error"], in: ["ratelimited", "rate_limited"], means: .unknown, because: .rateLimited),
        .oneOf(
            200, ["error"], in: ["missing_scope", "not_allowed_token_type", "ekm_access_denied", "org_login_required"],
            means: .restricted,
            because: .missingRight),
        .equal(200, ["ok"], is: false, means: .unknown, because: .providerError),
    ]
}
