import EngineKit
import PasswordPolicies
import Syntax
import TestSupport
import Testing

@Suite("Characters of a password policy")
struct CharacterTests {
    @Test("writing a character twice, or in two rules, makes it no likelier")
    func repeated() throws {
        let policy = try PasswordPolicy(
            parsing: "length = 128\nrule \"charset\" {\n charset = \"aaaaaaab\"\n}\nrule \"charset\" {\n charset = \"aaac\"\n}")
        #expect(policy.rules.map(\.characters) == [["a", "b"], ["a", "c"]])
        let randomness = SeededRandomness(seed: 4)
        let text = (0..<50).map { _ in policy.makePassword(randomness) }.joined()
        for character: Character in ["a", "b", "c"] { #expect((1_900...2_400).contains(text.count { $0 == character })) }
    }

    @Test(
        "a character that cannot be seen, or that joins with another, is refused",
        arguments: ["\u{0}", "\u{7F}", "\u{200B}", "\u{301}", "\u{2028}", "\u{E000}"])
    func unprintable(character: String) {
        #expect(throws: HCLError.self) {
            try PasswordPolicy(parsing: "{\"length\": 8, \"rule\": [{\"charset\": {\"charset\": \"ab\(escaped(character))\"}}]}")
        }
    }

    private func escaped(_ character: String) -> String {
        let digits = Hex.encode(character.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
        return "\\u\(digits)"
    }

    @Test("a policy that no password can follow is refused, and the reason says why")
    func refusals() {
        typealias Rule = PasswordPolicy.Rule
        let one = Rule(characters: ["a"], least: 1)
        #expect(throws: PasswordPolicy.Refusal.length) { try PasswordPolicy(length: 3, rules: [one]) }
        #expect(throws: PasswordPolicy.Refusal.length) { try PasswordPolicy(length: 129, rules: [one]) }
        #expect(throws: PasswordPolicy.Refusal.noRules) { try PasswordPolicy(length: 8, rules: []) }
        #expect(throws: PasswordPolicy.Refusal.noCharacters) {
            try PasswordPolicy(length: 8, rules: [one, Rule(characters: [], least: 0)])
        }
        #expect(throws: PasswordPolicy.Refusal.negative) {
            try PasswordPolicy(length: 8, rules: [Rule(characters: ["a"], least: -1)])
        }
        #expect(throws: PasswordPolicy.Refusal.tooDemanding) {
            try PasswordPolicy(length: 8, rules: [Rule(characters: ["a"], least: 4), Rule(characters: ["b"], least: 5)])
        }
    }
}
