import CredentialChecks
import EngineKit
import Outbound
import Syntax
import Synchronization
import TestSupport
import Testing

@Suite("Connection tests over HTTP")
struct CheckTests {
    /// A provider, a kind of secret, and the body of a good answer.
    struct Row: Sendable, CustomTestStringConvertible {
        var id: String
        var type: SecretType?
        var good: String
        var status = 200
        var account: String?
        var testDescription: String { id }
    }

    /// What a provider answers to a good credential, by its reference.
    static let rows: [Row] = [
        Row(id: "openai", good: #"{"object":"list","data":[]}"#), Row(id: "openai_admin", good: #"{"object":"list","data":[]}"#),
        Row(id: "anthropic", good: #"{"data":[{"id":"claude"}],"has_more":true}"#),
        Row(id: "google", good: #"{"models":[{"name":"m"}]}"#),
        Row(id: "google", type: .oauthToken, good: #"{"sub":"1","email":"a@example.com"}"#, account: "a@example.com"),
        Row(id: "gemini", good: #"{"models":[]}"#), Row(id: "cohere", good: #"{"models":[]}"#),
        Row(id: "voyage", good: #"{"object":"list","data":[{}]}"#), Row(id: "voyage_ai", good: #"{"object":"list","data":[{}]}"#),
        Row(id: "pinecone", good: #"{"indexes":[]}"#), Row(id: "slack", good: #"{"ok":true,"team":"Acme"}"#, account: "Acme"),
        Row(id: "slack", type: .apiKey, good: #"{"ok":true,"team":"Acme"}"#, account: "Acme"),
        Row(id: "slack_webhook", good: "invalid_payload", status: 400),
        Row(id: "google_drive", good: #"{"user":{"displayName":"Ada"}}"#, account: "Ada"),
        Row(id: "gmail", good: #"{"emailAddress":"a@example.com"}"#, account: "a@example.com"),
        Row(id: "google_sheets", good: #"{"sub":"1"}"#), Row(id: "reddit", good: #"{"name":"ada"}"#, account: "ada"),
        Row(id: "github", good: #"{"login":"ada"}"#, account: "ada"),
        Row(id: "gitlab", good: #"{"username":"ada"}"#, account: "ada"),
        Row(id: "gitlab", type: .oauthToken, good: #"{"username":"ada"}"#, account: "ada"),
        Row(id: "stripe", good: #"{"object":"balance"}"#),
        Row(id: "notion", good: #"{"object":"user","name":"bot"}"#, account: "bot"),
        Row(id: "hubspot", good: #"{"portalId":1}"#), Row(id: "sendgrid", good: #"{"scopes":[]}"#),
        Row(id: "twilio", good: #"{"sid":"AC","friendly_name":"Acme"}"#, account: "Acme"),
        Row(id: "huggingface", good: #"{"name":"ada"}"#, account: "ada"), Row(id: "groq", good: #"{"data":[]}"#),
        Row(id: "openrouter", good: #"{"data":{"label":"x"}}"#),
        Row(id: "xai", good: #"{"api_key_id":"i","api_key_blocked":false}"#),
        Row(id: "mistral", good: #"{"data":[]}"#), Row(id: "deepseek", good: #"{"is_available":true,"balance_infos":[]}"#),
        Row(id: "replicate", good: #"{"username":"ada"}"#, account: "ada"), Row(id: "elevenlabs", good: #"{"subscription":{}}"#),
        Row(id: "airtable", good: #"{"id":"usr1"}"#),
        Row(id: "linear", good: #"{"data":{"viewer":{"id":"1","name":"Ada"}}}"#, account: "Ada"),
        Row(id: "telegram", good: #"{"ok":true,"result":{"username":"abot"}}"#, account: "abot"),
        Row(id: "discord", good: #"{"id":"1","name":"hook"}"#, account: "hook"),
        Row(
            id: "aws", good: #"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"123456789012"}}}"#,
            account: "123456789012"),
    ]

    /// Answers that mean that a credential is rejected, where 401 does not say it.
    static let rejections: [(id: String, status: Int, body: String, reason: CheckOutcome.Reason)] = [
        ("anthropic", 404, "{}", .disabled), ("gemini", 400, #"{"error":{"details":[{"reason":"API_KEY_INVALID"}]}}"#, .rejected),
        ("slack", 200, #"{"ok":false,"error":"invalid_auth"}"#, .rejected),
        ("slack", 200, #"{"ok":false,"error":"account_inactive"}"#, .disabled),
        ("slack", 200, #"{"ok":false,"error":"token_revoked"}"#, .revoked),
        ("slack", 200, #"{"ok":false,"error":"token_expired"}"#, .expired), ("slack_webhook", 404, "no_service", .rejected),
        ("slack_webhook", 410, "", .revoked), ("slack_webhook", 403, "", .disabled), ("telegram", 404, #"{"ok":false}"#, .rejected),
        ("discord", 404, "{}", .revoked), ("xai", 400, #"{"error":"Incorrect API key provided"}"#, .rejected),
        ("xai", 200, #"{"api_key_id":"i","api_key_blocked":true}"#, .disabled),
        ("linear", 400, #"{"errors":[{"extensions":{"code":"AUTHENTICATION_ERROR"}}]}"#, .rejected),
        ("aws", 403, "<Error><Code>InvalidClientTokenId</Code></Error>", .rejected),
        ("aws", 403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", .rejected),
        ("aws", 403, "<Error><Code>ExpiredToken</Code></Error>", .expired),
    ]

    /// Answers that tell nothing although the status code would, or that mean a lack of rights.
    static let others: [(id: String, status: Int, body: String, verdict: CheckOutcome.Verdict, reason: CheckOutcome.Reason)] = [
        ("slack", 200, #"{"ok":false,"error":"ratelimited"}"#, .unknown, .rateLimited),
        ("slack", 200, #"{"ok":false,"error":"missing_scope"}"#, .restricted, .missingRight),
        ("slack", 200, #"{"ok":false,"error":"something_new"}"#, .unknown, .providerError),
        ("anthropic", 400, "{}", .unknown, .unexpectedAnswer), ("gemini", 400, #"{"error":{}}"#, .unknown, .unexpectedAnswer),
        ("openai", 403, #"{"error":{"code":"unsupported_country_region_territory"}}"#, .unknown, .notServedHere),
        ("github", 403, #"{"message":"API rate limit exceeded"}"#, .unknown, .rateLimited),
        ("elevenlabs", 401, #"{"detail":{"status":"missing_permissions"}}"#, .restricted, .missingRight),
        ("google_drive", 403, #"{"error":{"errors":[{"reason":"userRateLimitExceeded"}]}}"#, .unknown, .rateLimited),
        ("aws", 403, "<Error><Code>AccessDenied</Code></Error>", .restricted, .missingRight),
    ]

    private static let canary = "CANARY-9f3a"

    private func check(
        _ id: String, _ type: SecretType? = nil, value: String? = nil, _ answer: @escaping ScriptedOutbound.Answer
    ) async -> (CheckOutcome, [OutboundRequest]) {
        let outbound = ScriptedOutbound(answer)
        let checker = CredentialChecker(outbound: outbound, time: ManualTime())
        let given = value ?? Provider.named(id).map { Samples.value($0) } ?? ""
        return (await checker.check(given, provider: id, type: type), outbound.requests)
    }

    private func check(_ id: String, _ type: SecretType? = nil, status: Int, _ body: String) async -> CheckOutcome {
        await check(id, type) { _ throws(OutboundError) in OutboundReply(status: status, body: Array(body.utf8)) }.0
    }

    @Test("every provider that can be asked has a row here")
    func everyRow() {
        let asked = Provider.all.filter { if case .probes = $0.check { true } else { false } }.map(\.id)
        #expect(Set(asked) == Set(Self.rows.map(\.id)))
    }

    @Test("a good credential is valid, and the account is named", arguments: rows)
    func valid(row: Row) async {
        let outcome = await check(row.id, row.type, status: row.status, row.good)
        #expect(outcome.verdict == .valid && outcome.reason == .accepted, "\(outcome)")
        #expect(outcome.account == row.account && outcome.checkedAt == ManualTime().now())
    }

    @Test("one request goes to the provider's host, with the credential where it belongs", arguments: rows)
    func request(row: Row) async throws {
        let value = try Samples.value(#require(Provider.named(row.id)))
        let (_, requests) = await check(row.id, row.type) { _ throws(OutboundError) in OutboundReply(status: 401) }
        let request = try #require(requests.first)
        #expect(requests.count == 1 && request.url.hasPrefix("https://") && request.target == nil)
        let url = try #require(OutboundURL(request.url))
        #expect(request.allowedHosts.contains(url.host))
        // The query never has it; the path has it where the provider has no other way.
        let parts = request.url.split(separator: "?")
        #expect(parts.dropFirst().allSatisfy { !$0.contains(value) })
        if !["telegram", "slack_webhook", "discord"].contains(row.id) { #expect(!request.url.contains(value)) }
        #expect(!String(decoding: request.body, as: UTF8.self).contains(value))
    }

    @Test("401 is invalid and 403 is restricted, unless the provider says otherwise", arguments: rows)
    func usual(row: Row) async {
        let invalid = await check(row.id, row.type, status: 401, "{}")
        #expect(invalid.verdict == .invalid && invalid.reason == .rejected && invalid.account == nil)
        guard row.id != "slack_webhook" else { return }
        let restricted = await check(row.id, row.type, status: 403, "{}")
        #expect(restricted.verdict == .restricted && restricted.reason == .missingRight)
    }

    @Test("rejections that 401 does not say", arguments: rejections)
    func rejected(id: String, status: Int, body: String, reason: CheckOutcome.Reason) async {
        let outcome = await check(id, status: status, body)
        #expect(outcome.verdict == .invalid && outcome.reason == reason, "\(outcome)")
    }

    @Test("answers that mean something else than their status", arguments: others)
    func meanings(id: String, status: Int, body: String, verdict: CheckOutcome.Verdict, reason: CheckOutcome.Reason) async {
        let outcome = await check(id, status: status, body)
        #expect(outcome.verdict == verdict && outcome.reason == reason, "\(outcome)")
    }

    @Test("limits, errors, redirects and nonsense tell nothing", arguments: rows)
    func unknown(row: Row) async {
        let answers: [(Int, String, CheckOutcome.Reason)] = [
            (429, "{}", .rateLimited), (500, "{}", .providerError), (503, "", .providerError), (302, "", .redirected),
            (301, row.good, .redirected), (204, "", .unexpectedAnswer), (200, "", .unexpectedAnswer),
            (200, "<html>Sign in to the airport's network</html>", .unexpectedAnswer), (200, "{}", .unexpectedAnswer),
            (200, "[[[[", .unexpectedAnswer), (200, "null", .unexpectedAnswer), (200, "\u{0}\u{FFFD}", .unexpectedAnswer),
            (418, "{}", .unexpectedAnswer),
        ]
        for (status, body, reason) in answers {
            let outcome = await check(row.id, row.type, status: status, body)
            #expect(outcome.verdict == .unknown && outcome.reason == reason, "\(row.id) \(status) \(body): \(outcome)")
        }
    }

    @Test("a provider that cannot be reached tells nothing")
    func unreachable() async {
        let faults: [(OutboundError, CheckOutcome.Reason)] = [
            (.notSent(.timedOut), .timedOut), (.unanswered(.timedOut), .timedOut), (.notSent(.unresolved), .unresolved),
            (.notSent(.unreachable), .unreachable), (.notSent(.tlsFailed), .tlsFailed), (.unanswered(.tooLarge), .answerTooLarge),
            (.unanswered(.closed), .unexpectedAnswer), (.unanswered(.malformed), .unexpectedAnswer),
            (.refused(.forbiddenAddress), .addressNotAllowed), (.refused(.badHeader), .wrongForm),
        ]
        for (fault, reason) in faults {
            let outcome = await check("openai") { _ throws(OutboundError) in throw fault }.0
            #expect(outcome.verdict == .unknown && outcome.reason == reason)
        }
    }

    @Test(
        "values that cannot be put into the request are not sent",
        arguments: [
            ("openai", ""), ("openai", "a\nb"), ("openai", "a\r\nx-evil: 1"), ("openai", "a\0"),
            ("openai", String(repeating: "a", count: 8_193)),
            ("telegram", "123456789:../../etc"), ("telegram", "short"), ("slack_webhook", "https://evil.example/services/T1/B1/x"),
            ("slack_webhook", "https://hooks.slack.com@evil.example/"), ("discord", "http://169.254.169.254/"),
            ("twilio", "AC123:x"),
            ("twilio", "noseparator"), ("twilio", "AC../../../../../../../../../../../../:x"), ("aws", "onlyid"),
            ("aws", "a:b:c:d"),
            ("aws", "id:"),
        ])
    func wrongForm(id: String, value: String) async {
        let (outcome, requests) = await check(id, value: value) { _ throws(OutboundError) in OutboundReply(status: 200) }
        #expect(outcome.verdict == .unknown && outcome.reason == .wrongForm && requests.isEmpty)
    }

    @Test("providers without a probe, and those that nothing is known about, are not asked")
    func noProbe() async {
        for id in ["perplexity", "azure_openai", "tavily", "serper", "resend", "no such provider", ""] {
            let (outcome, requests) = await check(id, value: "x") { _ throws(OutboundError) in OutboundReply(status: 200) }
            #expect(outcome.verdict == .unknown && outcome.reason == .noProbe && requests.isEmpty)
        }
        let (outcome, requests) = await check("openai", .password, value: "x") { _ throws(OutboundError) in
            OutboundReply(status: 200)
        }
        #expect(outcome.reason == .noProbe && requests.isEmpty)
        for id in ["mysql", "mongodb"] {
            #expect(await check(id, status: 200, "").reason == .noClient)
        }
    }

    @Test("the beginning of a credential decides which request is made")
    func variants() async throws {
        let values = [
            ("anthropic", "sk-ant-admin01-x", "https://api.anthropic.com/v1/organizations/api_keys?limit=1"),
            ("anthropic", "anything", "https://api.anthropic.com/v1/models?limit=1"),
            ("github", "ghs_x", "https://api.github.com/installation/repositories?per_page=1"),
            ("voyage", "al-x", "https://ai.mongodb.com/v1/embeddings"),
            ("voyage", "pa-x", "https://api.voyageai.com/v1/embeddings"),
        ]
        for (id, value, url) in values {
            let (_, requests) = await check(id, value: value) { _ throws(OutboundError) in OutboundReply(status: 401) }
            #expect(requests.map(\.url) == [url])
        }
    }

    @Test("two-field credentials are put apart")
    func twoFields() async throws {
        let account = "AC" + String(repeating: "1", count: 32)
        for (value, pair) in [("\(account):tok", "\(account):tok"), ("\(account):SKkey:sec", "SKkey:sec")] {
            let (_, requests) = await check("twilio", value: value) { _ throws(OutboundError) in OutboundReply(status: 401) }
            let request = try #require(requests.first)
            #expect(request.url == "https://api.twilio.com/2010-04-01/Accounts/\(account).json")
            #expect(request.headers.first { $0.name == "authorization" }?.value == "Basic " + Base64.encode(Array(pair.utf8)))
        }
    }

    @Test("the request to AWS is signed as AWS's own library signs it")
    func signature() async throws {
        let time = ManualTime(Timestamp(seconds: 1_440_938_160))
        let outbound = ScriptedOutbound { _ throws(OutboundError) in OutboundReply(status: 403) }
        let checker = CredentialChecker(outbound: outbound, time: time)
        _ = await checker.check("AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", provider: "aws")
        let headers = Dictionary(
            try #require(outbound.requests.first).headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        #expect(headers["x-amz-date"] == "20150830T123600Z" && headers["x-amz-security-token"] == nil)
        #expect(
            headers["authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, "
                + "Signature=72764f0c7f2ab5ee21268e1a2bc18e420911c167a2098878c7adb1cc779db7b5")
        _ = await checker.check("ASIAX:secret:session", provider: "aws")
        #expect(
            try #require(outbound.requests.last).headers.contains { $0.name == "x-amz-security-token" && $0.value == "session" })
    }

    @Test("the name of an account is bounded, has no control characters, and never the credential")
    func accounts() async {
        func account(_ name: String) async -> String? {
            await check("github", status: 200, "{\"login\":" + String(decoding: JSON.string(name).encoded(), as: UTF8.self) + "}")
                .account
        }
        #expect(await account("ada\u{202E}\u{0}\n<b>") == "ada<b>")
        #expect(await account(String(repeating: "é", count: 500))?.utf8.count == CheckOutcome.accountBytesMax)
        #expect(await account(Samples.value(Provider.named("github")!)) == nil)  // the provider is in the table
        #expect(await account("you are \(Samples.value(Provider.named("github")!))!") == nil)  // the provider is in the table
        #expect(await account("\u{200B}") == nil)
        #expect(await check("github", status: 200, #"{"login":7}"#).account == nil)
    }

    @Test("a provider that repeats what it was sent is not repeated", arguments: rows)
    func canaries(row: Row) async throws {
        let value = try Samples.value(#require(Provider.named(row.id)))
        for status in [200, 400, 401, 403, 404, 500] {
            let (outcome, _) = await check(row.id, row.type) { request throws(OutboundError) in
                let headers = request.headers.map(\.value).joined(separator: " ")
                let all =
                    #"{"login":"\#(value)","name":"\#(value)","error":"\#(headers) \#(Self.canary)","ok":true,"team":"\#(value)"}"#
                return OutboundReply(status: status, body: Array(all.utf8))
            }
            let shown = "\(outcome)" + outcome.reason.text
            #expect(!shown.contains(value) && !shown.contains(Self.canary), "\(row.id)")
        }
    }

    @Test("32 tests run at once, and the next is told so")
    func busy() async {
        let gate = Gatekeeper()
        let outbound = ScriptedOutbound { _ throws(OutboundError) in
            gate.started.add(1, ordering: .relaxed)
            while !gate.isOpen.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(2)) }
            return OutboundReply(status: 401)
        }
        let checker = CredentialChecker(outbound: outbound, time: ManualTime())
        await withTaskGroup(of: CheckOutcome.self) { group in
            for _ in 0..<CredentialChecker.underWayMax { group.addTask { await checker.check("k", provider: "openai") } }
            while gate.started.load(ordering: .relaxed) < CredentialChecker.underWayMax {
                try? await Task.sleep(for: .milliseconds(2))
            }
            let refused = await checker.check("k", provider: "openai")
            #expect(refused.verdict == .unknown && refused.reason == .busy)
            gate.isOpen.store(true, ordering: .relaxed)
            for await outcome in group { #expect(outcome.verdict == .invalid) }
        }
        #expect(await checker.check("k", provider: "openai").verdict == .invalid)
    }

    private final class Gatekeeper: Sendable {
        let started = Atomic(0)
        let isOpen = Atomic(false)
    }

    @Test("a webhook secret tests itself")
    func webhook() async {
        #expect(await check("webhook", status: 200, "").verdict == .valid)
        let (outcome, requests) = await check("webhook", value: "whsec_no") { _ throws(OutboundError) in OutboundReply(status: 200)
        }
        #expect(outcome.verdict == .invalid && outcome.reason == .malformed && requests.isEmpty)
    }
}
