// Providers of language models and of what is built around them.
//
// Sources of the requests and forms: the providers' own reference pages, and the public detectors of trufflehog and the provider
// records of Nango, which verify the same endpoints.

import Outbound
import Syntax

extension Provider {
    private static let listsModels = [AnswerRule.member("data", .valid)]

    static let models: [Provider] = [
        Provider(
            "openai", "OpenAI",
            patterns: [
                KeyPattern(.text(["sk-proj-", "sk-svcacct-", "sk-service-"]), .around("T3BlbkFJ", .urlSafe)),
                KeyPattern(.text(["sk-"]), .around("T3BlbkFJ", .urlSafe)), KeyPattern(.text(["sk-"])),
            ],
            example: "sk-proj-EXAMPLE", documentation: "https://platform.openai.com/api-keys",
            notes: ["A key that may not list models is restricted, and good."],
            check: .probes([
                Probe(
                    .get, "https://api.openai.com/v1/models", by: .bearer,
                    rules: [.code(403, "unsupported_country_region_territory", means: .unknown, because: .notServedHere)]
                        + listsModels)
            ])),
        Provider(
            "openai_admin", "OpenAI Admin", patterns: [KeyPattern(.text(["sk-admin-"]), .run(.urlSafe, .atLeast(20)))],
            example: "sk-admin-EXAMPLE", documentation: "https://platform.openai.com/settings/organization/admin-keys",
            check: .probes([
                Probe(.get, "https://api.openai.com/v1/organization/admin_api_keys?limit=1", by: .bearer, rules: listsModels)
            ])),
        Provider(
            "anthropic", "Anthropic",
            patterns: [
                KeyPattern(.text(["sk-ant-api03-", "sk-ant-admin01-"]), .run(.urlSafe, .exactly(93)), .text(["AA"])),
                KeyPattern(.text(["sk-ant-"]), .run(.urlSafe, .atLeast(20))),
            ],
            example: "sk-ant-api03-EXAMPLE", documentation: "https://console.anthropic.com/settings/keys",
            check: .probes([
                Probe(
                    .get, "https://api.anthropic.com/v1/models?limit=1", by: .header("x-api-key"),
                    headers: [Header("anthropic-version", "2023-06-01")],
                    rules: listsModels + [.status(404, .invalid, because: .disabled)]),
                Probe(
                    .get, "https://api.anthropic.com/v1/organizations/api_keys?limit=1", by: .header("x-api-key"),
                    prefix: "sk-ant-admin", headers: [Header("anthropic-version", "2023-06-01")],
                    rules: listsModels + [.status(404, .invalid, because: .disabled)]),
            ])),
        gemini("google", "Google Gemini", types: [.apiKey, .oauthToken]),
        gemini("gemini", "Gemini", types: [.apiKey]),
        Provider(
            "cohere", "Cohere", example: "40 letters and digits", documentation: "https://dashboard.cohere.com/api-keys",
            check: .probes([
                Probe(.get, "https://api.cohere.com/v1/models?page_size=1", by: .bearer, rules: [.member("models", .valid)])
            ])),
        voyage("voyage"), voyage("voyage_ai"),
        Provider(
            "pinecone", "Pinecone",
            patterns: [
                KeyPattern(.text(["pcsk_"]), .run(.letterOrDigit, 5...6), .text(["_"]), .run(.letterOrDigit, .exactly(63)))
            ],
            example: "pcsk_EXAMPLE", documentation: "https://docs.pinecone.io/guides/projects/manage-api-keys",
            check: .probes([
                Probe(
                    .get, "https://api.pinecone.io/indexes", by: .header("Api-Key"),
                    headers: [Header("X-Pinecone-Api-Version", "2025-10")], rules: [.member("indexes", .valid)])
            ])),
        Provider(
            "azure_openai", "Azure OpenAI", example: "32 or 84 letters and digits",
            documentation: "https://learn.microsoft.com/azure/ai-services/openai/", notes: [ownAddress], check: .none),
        Provider(
            "azure_cognitive_search", "Azure AI Search", example: "52 letters and digits",
            documentation: "https://learn.microsoft.com/azure/search/search-security-api-keys", notes: [ownAddress], check: .none),
        Provider(
            "huggingface", "Hugging Face", patterns: [KeyPattern(.text(["hf_"]), .run(.letterOrDigit, .exactly(34)))],
            example: "hf_EXAMPLE", documentation: "https://huggingface.co/settings/tokens",
            check: .probes([
                Probe(
                    .get, "https://huggingface.co/api/whoami-v2", by: .bearer, rules: [.member("name", .valid)], account: ["name"])
            ])),
        Provider(
            "groq", "Groq", patterns: [KeyPattern(.text(["gsk_"]), .run(.letterOrDigit, .exactly(52)))],
            example: "gsk_EXAMPLE", documentation: "https://console.groq.com/keys",
            check: .probes([Probe(.get, "https://api.groq.com/openai/v1/models", by: .bearer, rules: listsModels)])),
        Provider(
            "openrouter", "OpenRouter", patterns: [KeyPattern(.text(["sk-or-v1-"]), .run(.hex, .exactly(64)))],
            example: "sk-or-v1-EXAMPLE", documentation: "https://openrouter.ai/settings/keys",
            check: .probes([Probe(.get, "https://openrouter.ai/api/v1/key", by: .bearer, rules: listsModels)])),
        Provider(
            "xai", "xAI", patterns: [KeyPattern(.text(["xai-"]), .run(.letterOrDigit, .exactly(80)))], example: "xai-EXAMPLE",
            documentation: "https://console.x.ai",
            check: .probes([
                Probe(
                    .get, "https://api.x.ai/v1/api-key", by: .bearer,
                    rules: [
                        .equal(200, ["api_key_blocked"], is: true, means: .invalid, because: .disabled),
                        .equal(200, ["api_key_disabled"], is: true, means: .invalid, because: .disabled),
                        .member("api_key_id", .valid), .code(400, "Incorrect API key", means: .invalid, because: .rejected),
                    ])
            ])),
        Provider(
            "mistral", "Mistral AI", example: "32 letters and digits", documentation: "https://console.mistral.ai/api-keys",
            check: .probes([Probe(.get, "https://api.mistral.ai/v1/models", by: .bearer, rules: listsModels)])),
        Provider(
            "deepseek", "DeepSeek", patterns: [KeyPattern(.text(["sk-"]), .run(.lowercaseOrDigit, .exactly(32)))],
            example: "sk-EXAMPLE", documentation: "https://platform.deepseek.com/api_keys",
            check: .probes([
                Probe(.get, "https://api.deepseek.com/user/balance", by: .bearer, rules: [.member("balance_infos", .valid)])
            ])),
        Provider(
            "perplexity", "Perplexity", patterns: [KeyPattern(.text(["pplx-"]), .run(.letterOrDigit, .exactly(48)))],
            example: "pplx-EXAMPLE", documentation: "https://www.perplexity.ai/settings/api", notes: [noFreeProbe], check: .none),
        Provider(
            "replicate", "Replicate", patterns: [KeyPattern(.text(["r8_"]), .run(.urlSafe, .exactly(37)))],
            example: "r8_EXAMPLE", documentation: "https://replicate.com/account/api-tokens",
            check: .probes([
                Probe(
                    .get, "https://api.replicate.com/v1/account", by: .bearer, rules: [.member("username", .valid)],
                    account: ["username"])
            ])),
        Provider(
            "elevenlabs", "ElevenLabs", patterns: [KeyPattern(.text(["sk_"]), .run(.hex, .exactly(48)))], example: "sk_EXAMPLE",
            documentation: "https://elevenlabs.io/app/settings/api-keys",
            check: .probes([
                Probe(
                    .get, "https://api.elevenlabs.io/v1/user", by: .header("xi-api-key"),
                    rules: [
                        .member("subscription", .valid),
                        .code(401, "missing_permissions", means: .restricted, because: .missingRight),
                    ])
            ])),
        Provider(
            "tavily", "Tavily", patterns: [KeyPattern(.text(["tvly-"]), .run(.urlSafe, .atLeast(20)))], example: "tvly-EXAMPLE",
            documentation: "https://app.tavily.com", notes: [noFreeProbe], check: .none),
        Provider(
            "serper", "Serper", example: "40 letters and digits", documentation: "https://serper.dev/api-key",
            notes: [noFreeProbe], check: .none),
    ]

    private static let ownAddress = "Each resource has an address of its own, so there is no fixed request to test a key with."
    private static let noFreeProbe = "No request is known that costs nothing and tells whether a key works."

    private static func gemini(_ id: String, _ name: String, types: [SecretType]) -> Provider {
        let tokens = [
            KeyPattern(.text(["ya29."]), .run(.urlSafe, .atLeast(10)), type: .oauthToken),
            KeyPattern(.text(["GOCSPX-"]), .run(.urlSafe, .exactly(28)), type: .other),
        ]
        return Provider(
            id, name, types: types,
            patterns: [
                KeyPattern(.text(["AIzaSy"]), .run(.urlSafe, .exactly(33))),
                KeyPattern(.text(["AQ."]), .run(.dotted, .atLeast(20))),
            ] + (types.contains(.oauthToken) ? tokens : []),
            example: "AQ.EXAMPLE", documentation: "https://ai.google.dev/gemini-api/docs/api-key",
            notes: ["Google is ending keys that begin with AIza; new ones begin with AQ."],
            check: .probes(
                [
                    Probe(
                        .get, "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1", by: .header("x-goog-api-key"),
                        rules: [.member("models", .valid), .code(400, "API_KEY_INVALID", means: .invalid, because: .rejected)])
                ] + (types.contains(.oauthToken) ? [.googleUser] : [])))
    }

    private static func voyage(_ id: String) -> Provider {
        Provider(
            id, "Voyage AI",
            patterns: [
                KeyPattern(.text(["pa-"]), .run(.urlSafe, .atLeast(30))), KeyPattern(.text(["al-"]), .run(.urlSafe, .atLeast(30))),
            ],
            example: "pa-EXAMPLE", documentation: "https://docs.voyageai.com/docs/api-key-and-installation",
            notes: [
                "This test costs about one token.",
                "A key made in MongoDB Atlas (al-) works at ai.mongodb.com only, any other at api.voyageai.com only.",
            ],
            check: .probes([
                .voyage("https://api.voyageai.com/v1/embeddings"),
                .voyage("https://ai.mongodb.com/v1/embeddings", prefix: "al-"),
            ]))
    }
}

extension Probe {
    /// Who has a token of Google; any scope may ask it.
    static let googleUser = Probe(
        .get, "https://www.googleapis.com/oauth2/v3/userinfo", by: .bearer, types: [.oauthToken], rules: [.member("sub", .valid)],
        account: ["email"])

    fileprivate static func voyage(_ url: String, prefix: String = "") -> Probe {
        Probe(
            .post, url, by: .bearer, prefix: prefix, headers: [Header("content-type", "application/json")],
            body: #"{"input":["."],"model":"voyage-3-lite"}"#, rules: [.member("data", .valid)])
    }
}
