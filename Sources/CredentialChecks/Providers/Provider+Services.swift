// Services for developers: code, payments, mail, messages, clouds.

import Outbound
import Syntax

extension Provider {
    static let services: [Provider] = [
        Provider(
            "github", "GitHub", types: [.apiKey, .oauthToken],
            patterns: [
                KeyPattern(.text(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]), .run(.word, 36...255)),
                KeyPattern(.text(["github_pat_"]), .run(.word, 22...255)),
            ],
            example: "github_pat_EXAMPLE", documentation: "https://github.com/settings/tokens",
            notes: ["A token that an organization's single sign-on has not approved is restricted."],
            check: .probes([
                Probe(
                    .get, "https://api.github.com/user", by: .bearer, types: [.apiKey, .oauthToken],
                    rules: [.code(403, "rate limit", means: .unknown, because: .rateLimited), .member("login", .valid)],
                    account: ["login"]),
                Probe(
                    .get, "https://api.github.com/installation/repositories?per_page=1", by: .bearer,
                    types: [.apiKey, .oauthToken],
                    prefix: "ghs_",
                    rules: [.code(403, "rate limit", means: .unknown, because: .rateLimited), .member("repositories", .valid)]),
            ])),
        Provider(
            "gitlab", "GitLab", types: [.apiKey, .oauthToken],
            patterns: [KeyPattern(.text(["glpat-"]), .run(.dotted, .atLeast(20)))], example: "glpat-EXAMPLE",
            documentation: "https://docs.gitlab.com/user/profile/personal_access_tokens/",
            notes: ["Tokens of gitlab.com only; a server of your own needs a platform profile."],
            check: .probes([
                Probe(
                    .get, "https://gitlab.com/api/v4/user", by: .header("PRIVATE-TOKEN"),
                    rules: [.member("username", .valid)], account: ["username"]),
                Probe(
                    .get, "https://gitlab.com/api/v4/user", by: .bearer, types: [.oauthToken], rules: [.member("username", .valid)],
                    account: ["username"]),
            ])),
        Provider(
            "stripe", "Stripe",
            patterns: [
                KeyPattern(
                    .text(["sk_live_", "sk_test_", "rk_live_", "rk_test_"]), .run(.letterOrDigit, 20...247))
            ],
            example: "rk_test_EXAMPLE", documentation: "https://docs.stripe.com/keys",
            notes: [
                "A restricted key that may not read the balance is restricted, and good.", "Prefer restricted keys to live ones.",
            ],
            check: .probes([
                Probe(
                    .get, "https://api.stripe.com/v1/balance", by: .bearer,
                    rules: [.equal(200, ["object"], is: "balance", means: .valid, because: .accepted)])
            ])),
        Provider(
            "sendgrid", "SendGrid",
            patterns: [KeyPattern(.text(["SG."]), .run(.urlSafe, 20...24), .text(["."]), .run(.urlSafe, 39...50))],
            example: "SG.EXAMPLE", documentation: "https://app.sendgrid.com/settings/api_keys",
            notes: ["Keys of the EU region are known at api.eu.sendgrid.com only, and are not tested."],
            check: .probes([
                Probe(.get, "https://api.sendgrid.com/v3/scopes", by: .bearer, rules: [.member("scopes", .valid)])
            ])),
        Provider(
            "resend", "Resend", patterns: [KeyPattern(.text(["re_"]), .run(.word, .atLeast(20)), needsWhole: true)],
            example: "re_EXAMPLE", documentation: "https://resend.com/api-keys",
            notes: ["No request is known that costs nothing and tells whether a key works."], check: .none),
        Provider(
            "twilio", "Twilio",
            patterns: [
                KeyPattern(.text(["AC"]), .run(.hex, .exactly(32)), .text([":"]), .run(.hex, .exactly(32)), needsWhole: true),
                KeyPattern(
                    .text(["AC"]), .run(.hex, .exactly(32)), .text([":SK"]), .run(.hex, .exactly(32)), .text([":"]),
                    .run(.letterOrDigit, .exactly(32)), needsWhole: true),
                KeyPattern(.text(["SK"]), .run(.hex, .exactly(32)), needsWhole: true),
                KeyPattern(.text(["AC"]), .run(.hex, .exactly(32)), needsWhole: true),
            ],
            example: "AC…:EXAMPLE", documentation: "https://www.twilio.com/docs/iam/api-keys",
            notes: ["The value is account:token, or account:key:secret."],
            check: .probes([
                Probe(
                    .get, "https://api.twilio.com/2010-04-01/Accounts/{account}.json", by: .basic(account: .exactly(34)),
                    rules: [.member("sid", .valid)], account: ["friendly_name"])
            ])),
        Provider(
            "telegram", "Telegram",
            patterns: [KeyPattern(.run(.digits, 8...10), .text([":"]), .run(.urlSafe, .exactly(35)))],
            example: "123456789:EXAMPLE", documentation: "https://core.telegram.org/bots/api",
            notes: ["Telegram takes the token in the path of the request only."],
            check: .probes([
                Probe(
                    .get, "https://api.telegram.org/bot{value}/getMe", by: .path,
                    rules: [
                        .equal(200, ["ok"], is: true, means: .valid, because: .accepted),
                        .status(404, .invalid, because: .rejected),
                    ],
                    account: ["result", "username"])
            ])),
        Provider(
            "discord", "Discord webhook", types: [.webhookSecret, .other],
            patterns: [
                KeyPattern(
                    .text(["https://discord.com/api/webhooks/", "https://discordapp.com/api/webhooks/"]), .run(.digits, 17...20),
                    .text(["/"]), .run(.urlSafe, 60...100))
            ],
            example: "https://discord.com/api/webhooks/…/EXAMPLE",
            documentation: "https://discord.com/developers/docs/resources/webhook", notes: ["The test posts nothing."],
            check: .probes([
                Probe(
                    .get, "", by: .url(hosts: ["discord.com", "discordapp.com"]), types: [.webhookSecret, .other],
                    rules: [.member("id", .valid), .status(404, .invalid, because: .revoked)], account: ["name"])
            ])),
        Provider(
            "aws", "AWS",
            patterns: [
                KeyPattern(
                    .text(["AKIA", "ASIA"]), .run(.uppercaseOrDigit, .exactly(16)), .text([":"]), .run(.base64, .exactly(40))),
                KeyPattern(.text(["AKIA", "ASIA"]), .run(.uppercaseOrDigit, .exactly(16))),
            ],
            example: "AKIA…:EXAMPLE",
            documentation: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
            notes: ["The value is id:secret, and id:secret:session for temporary keys."],
            check: .probes([
                Probe(
                    .post, "https://sts.amazonaws.com/", by: .signature(region: "us-east-1", service: "sts"),
                    headers: [Header("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
                    body: "Action=GetCallerIdentity&Version=2011-06-15",
                    rules: [
                        .code(200, "GetCallerIdentityResult", means: .valid, because: .accepted),
                        .codes(400...403, "ExpiredToken", means: .invalid, because: .expired),
                        .codes(400...403, "InvalidClientTokenId", means: .invalid, because: .rejected),
                        .codes(400...403, "SignatureDoesNotMatch", means: .invalid, because: .rejected),
                        .codes(400...403, "IncompleteSignature", means: .unknown, because: .unexpectedAnswer),
                        .codes(400...403, "Throttling", means: .unknown, because: .rateLimited),
                    ], account: ["GetCallerIdentityResponse", "GetCallerIdentityResult", "Account"])
            ])),
        Provider(
            "webhook", "Webhook", types: [.webhookSecret],
            patterns: [KeyPattern(.text(["whsec_"]), .run(.base64, .atLeast(20)))], example: "whsec_EXAMPLE",
            documentation: "https://www.standardwebhooks.com",
            notes: ["The test signs a sample and verifies it here; nobody is asked."], check: .webhookSecret),
    ]
}
