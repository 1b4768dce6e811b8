import CredentialChecks
import Syntax
import Testing

@Suite("Detection")
struct DetectionTests {
    private func providers(_ value: String) -> [String] { CredentialDetector.detect(value).suggestions.map(\.provider) }

    static let wholes = Provider.all.flatMap { provider in provider.patterns.map { (provider.id, Samples.text(of: $0)) } }

    @Test("every form of every provider suggests it", arguments: wholes)
    func suggests(provider: String, value: String) throws {
        let found = try #require(CredentialDetector.detect(value).suggestions.first { $0.provider == provider }, "\(provider)")
        // OpenAI's weakest form is a beginning only.
        #expect(found.isWhole || value == "sk-")
    }

    @Test(
        "the longest beginning decides",
        arguments: [
            ("sk-ant-api03-abcdefgh", "anthropic"), ("sk-or-v1-0123", "openrouter"), ("sk-proj-abc", "openai"),
            ("sk-admin-abcdefghijklmnopqrstuvwx", "openai_admin"), ("sk-abcdefgh", "openai"),
            ("sk-" + String(repeating: "a", count: 32), "deepseek"), ("sk_live_abcdefghijklmnopqrstuv", "stripe"),
            ("SK" + String(repeating: "a", count: 32), "twilio"), ("xoxe.xoxb-1-abcdefghijkl", "slack"),
            ("ya29.a0AfH6SMBabcdefghij", "google"), ("glpat-abcdefghij0123456789", "gitlab"),
            ("postgres://u:p@h/d", "postgresql"), ("rediss://h", "redis"), ("mongodb+srv://c.example.net", "mongodb"),
            ("123456789:" + String(repeating: "A", count: 35), "telegram"), ("AKIAIOSFODNN7EXAMPLE", "aws"),
        ])
    func order(value: String, first: String) {
        #expect(providers(value).first == first, "\(providers(value))")
    }

    @Test("ids that share a form are both suggested, and no warning says otherwise")
    func sharedForms() {
        let value = "pa-" + String(repeating: "x", count: 43)
        #expect(providers(value) == ["voyage", "voyage_ai"])
        for id in ["voyage", "voyage_ai"] { #expect(CredentialDetector.detect(value, chosen: id).warnings == []) }
        #expect(Provider.named("voyage")?.id == "voyage" && Provider.named("voyage_ai")?.id == "voyage_ai")
    }

    @Test(
        "suggests nothing for look-alikes",
        arguments: [
            "", " ", "ѕk-ant-api03-abcdef", "ｓｋ-proj-abc", "sk\u{200B}-ant-api03", "SK-ANT-API03-ABC", "xoxq-1-abc", "hf", "A",
            "\0\0",
            "patience is a virtue", "skeleton", "AC" + String(repeating: "g", count: 32), "re_mark", "\u{FEFF}ghp_abcdefgh",
            "sk\u{301}-abc",
        ])
    func lookAlikes(value: String) {
        #expect(providers(value) == [])
    }

    @Test("warns of a key of another provider, and not of one that fits")
    func warns() {
        let value = "sk-ant-api03-" + String(repeating: "x", count: 93) + "AA"
        #expect(CredentialDetector.detect(value, chosen: "openai").warnings.map(\.text) == ["this looks like an Anthropic key"])
        #expect(CredentialDetector.detect(value, chosen: "anthropic").warnings == [])
        #expect(CredentialDetector.detect(value, chosen: "somebody else").warnings == [.looksLike("Anthropic")])
        #expect(
            CredentialDetector.detect("gsk_" + String(repeating: "x", count: 52), chosen: "xai").warnings == [.looksLike("Groq")])
        // Nothing is known about the form of Mistral's keys, and sk- alone says little.
        #expect(CredentialDetector.detect("sk-whatever", chosen: "mistral").warnings == [])
        #expect(CredentialDetector.detect("rk_live_" + String(repeating: "x", count: 24)).warnings == [.liveKey])
        #expect(CredentialDetector.detect("rk_test_" + String(repeating: "x", count: 24)).warnings == [])
        #expect(CredentialDetector.detect("AIzaSy" + String(repeating: "x", count: 33)).warnings == [.oldGoogleKey])
        #expect(CredentialDetector.detect("  hf_abc\n").warnings == [.surroundingSpace])
    }

    @Test("a warning repeats nothing of the value")
    func silent() {
        for provider in Provider.all {
            for pattern in provider.patterns {
                let value = Samples.text(of: pattern) + "CANARY"
                for warning in CredentialDetector.detect(value, chosen: "mistral").warnings {
                    #expect(!warning.text.contains("CANARY"))
                }
            }
        }
    }

    @Test(
        "64 KiB of any beginning are read in a moment",
        arguments: ["sk-", "sk-proj-", "sk-proj-T3BlbkF", "T3BlbkF", "AC", "0", "postgres://", "hf_", "pat", " ", "é"])
    func large(beginning: String) {
        let count = CredentialDetector.bytesMax / beginning.utf8.count
        let value = String(repeating: beginning, count: count)
        let clock = ContinuousClock()
        let start = clock.now
        _ = CredentialDetector.detect(value)
        _ = CredentialDetector.detect(beginning + String(repeating: "a", count: CredentialDetector.bytesMax - 16), chosen: "openai")
        // A debug build on a busy machine needs some tenths of a second; quadratic time would be minutes.
        #expect(clock.now - start < .seconds(20))
    }

    @Test("a longer text is not looked at")
    func tooLong() {
        let finding = CredentialDetector.detect("hf_" + String(repeating: "a", count: CredentialDetector.bytesMax))
        #expect(finding.suggestions == [] && finding.warnings == [.tooLong])
    }

    @Test("no more than five providers are suggested")
    func few() {
        for (_, value) in Self.wholes { #expect(CredentialDetector.detect(value).suggestions.count <= 5) }
    }
}
