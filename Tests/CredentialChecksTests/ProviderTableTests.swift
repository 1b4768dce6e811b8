import CredentialChecks
import Syntax
import Testing

@Suite("Table of providers")
struct ProviderTableTests {
    @Test("ids are unique, and every row is complete")
    func complete() {
        #expect(Set(Provider.all.map(\.id)).count == Provider.all.count)
        for provider in Provider.all {
            #expect(!provider.name.isEmpty && !provider.types.isEmpty && !provider.example.isEmpty, "\(provider.id)")
            #expect(provider.documentation.hasPrefix("https://"), "\(provider.id)")
            #expect(provider.id.utf8.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0 == 0x5F }, "\(provider.id)")
            #expect(Provider.named(provider.id)?.id == provider.id)
        }
    }

    @Test("the providers of the front end are there, with their names and kinds")
    func frontEnd() {
        let rows: [(String, String, SecretType)] = [
            ("openai", "OpenAI", .apiKey), ("anthropic", "Anthropic", .apiKey), ("google", "Google Gemini", .apiKey),
            ("cohere", "Cohere", .apiKey), ("voyage", "Voyage AI", .apiKey), ("pinecone", "Pinecone", .apiKey),
            ("slack", "Slack", .oauthToken), ("google_drive", "Google Drive", .oauthToken), ("reddit", "Reddit", .oauthToken),
            ("postgresql", "PostgreSQL", .connectionString), ("mysql", "MySQL", .connectionString),
        ]
        for (id, name, type) in rows {
            #expect(Provider.named(id)?.name == name && Provider.named(id)?.types.first == type, "\(id)")
        }
        for id in ["azure_openai", "voyage_ai", "azure_cognitive_search", "airtable", "perplexity", "tavily", "serper", "gemini"] {
            #expect(Provider.named(id) != nil, "\(id)")
        }
        #expect(Provider.named("OpenAI") == nil && Provider.named("") == nil && Provider.named("any text") == nil)
    }

    @Test("groups follow from the kind of secret")
    func groups() {
        #expect(Provider.named("openai")?.group == .apiKeys && Provider.named("slack")?.group == .integrations)
        #expect(Provider.named("redis")?.group == .databases && Provider.named("webhook")?.group == .other)
    }

    @Test("an example is no credential")
    func examples() {
        for provider in Provider.all where provider.types.first != .connectionString {
            let bytes = Array(provider.example.utf8)
            #expect(!provider.patterns.contains { $0.match(bytes)?.isWhole == true }, "\(provider.id)")
        }
    }

    @Test("every probe is https, and has no credential in a query")
    func probes() {
        for provider in Provider.all {
            guard case .probes(let probes) = provider.check else { continue }
            #expect(!probes.isEmpty)
            for probe in probes {
                if case .url(let hosts) = probe.placement {
                    #expect(probe.url.isEmpty && !hosts.isEmpty)
                } else {
                    #expect(probe.url.hasPrefix("https://"), "\(provider.id)")
                }
                #expect(!(probe.url.split(separator: "?").dropFirst().first ?? "").contains("{"), "\(provider.id)")
            }
        }
    }
}
