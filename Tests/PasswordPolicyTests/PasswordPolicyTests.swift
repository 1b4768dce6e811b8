import EngineKit
import PasswordPolicies
import Syntax
import TestSupport
import Testing

@Suite("Password policies")
struct PasswordPolicyTests {
    static let strict = """
        length = 24
        rule "charset" {
          charset = "abcdefghijklmnopqrstuvwxyz"
          min-chars = 2
        }
        rule "charset" {
          charset = "0123456789"
          min-chars = 3
        }
        rule "charset" {
          charset = "!@#$%^&*"
          min-chars = 1
        }
        """

    @Test("every password has the length and what each rule asks for, and nothing else")
    func keepsRules() throws {
        let policy = try PasswordPolicy(parsing: Self.strict)
        let randomness = SeededRandomness(seed: 3)
        var seen: Set<String> = []
        for _ in 0..<500 {
            let password = policy.makePassword(randomness)
            #expect(password.count == 24)
            #expect(password.count { "abcdefghijklmnopqrstuvwxyz".contains($0) } >= 2)
            #expect(password.count { "0123456789".contains($0) } >= 3)
            #expect(password.count { "!@#$%^&*".contains($0) } >= 1)
            #expect(password.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*".contains($0) })
            seen.insert(password)
        }
        #expect(seen.count == 500)
    }

    @Test("what a rule asks for stands anywhere in the password, not only in front")
    func shuffles() throws {
        let policy = try PasswordPolicy(
            parsing: #"length = 8 rule "charset" { charset = "a" } rule "charset" { charset = "1" min-chars = 1 }"#
                .replacing(" rule", with: "\nrule").replacing(" min-chars", with: "\nmin-chars").replacing("{ ", with: "{\n")
                .replacing(" }", with: "\n}"))
        let randomness = SeededRandomness(seed: 5)
        let places = Set((0..<400).compactMap { _ in Array(policy.makePassword(randomness)).firstIndex(of: "1") })
        #expect(places.contains { $0 > 3 })
    }

    @Test("reads JSON as well as HCL")
    func readsJSON() throws {
        let policy = try PasswordPolicy(
            parsing: #"{"length": 10, "rule": [{"charset": {"charset": "ab", "min-chars": 1}}, {"charset": {"charset": "12"}}]}"#)
        #expect(policy.length == 10 && policy.rules.count == 2)
    }

    @Test("the standard one has 20 characters of four kinds")
    func standard() {
        let password = PasswordPolicy.standard.makePassword(SeededRandomness(seed: 9))
        #expect(password.count == 20 && password.contains("-") && password.contains { $0.isNumber })
    }

    @Test("the standard one keeps the rules that every other must keep")
    func standardIsLawful() throws {
        let standard = PasswordPolicy.standard
        #expect(try PasswordPolicy(length: standard.length, rules: standard.rules) == standard)
        #expect(standard.rules.map(\.least) == [1, 1, 1, 1] && standard.rules.map(\.characters.count) == [26, 26, 10, 1])
    }

    @Test(
        "refuses policies that cannot be kept or that are no policies",
        arguments: [
            "", "length = 20", "length = 3\nrule \"charset\" {\n charset = \"a\"\n}",
            "length = 1000\nrule \"charset\" {\n charset = \"a\"\n}",
            "length = 4\nrule \"charset\" {\n charset = \"a\"\n min-chars = 5\n}",
            "length = 8\nrule \"charset\" {\n charset = \"\"\n}",
            "length = 8\nrule \"charset\" {\n charset = \"a\"\n min-chars = -1\n}",
            "length = 8\nrule \"charset\" {\n min-chars = 1\n}", "length = 8\nrule \"other\" {\n charset = \"a\"\n}",
            "length = 8\nrule \"charset\" {\n charset = \"a\\n\"\n}",
            "length = 8\nwidth = 2\nrule \"charset\" {\n charset = \"a\"\n}",
            "length = 8\nrule \"charset\" {\n charset = \"a\"\n min-chars = 9223372036854775807\n}\nrule \"charset\" {\n charset = \"b\"\n min-chars = 9223372036854775807\n}",
        ])
    func refuses(text: String) {
        #expect(throws: HCLError.self) { try PasswordPolicy(parsing: text) }
    }
}
