package import EngineKit
import Syntax

/// How passwords are made: a length, and sets of characters of which some must be there.
package struct PasswordPolicy: Sendable, Hashable {
    /// `rule "charset"`: `least` of the characters at least.
    package struct Rule: Sendable, Hashable {
        /// The characters of the set.
        package var characters: [Character]
        /// How many of them a password has at least.
        package var least: Int

        /// Creates a rule that asks for at least `least` of `characters`.
        package init(characters: [Character], least: Int) {
            self.characters = characters
            self.least = least
        }
    }

    /// The lengths that a policy may ask for.
    package static let lengths = 4...128

    /// The number of characters of each password.
    package let length: Int
    /// The sets of characters. Every character of a password is from one of them.
    package let rules: [Rule]
    private let alphabet: [Character]

    /// Why a policy cannot be kept. The raw values are the messages.
    package enum Refusal: String, Error, Sendable {
        case length = "length must be from 4 to 128"
        case noRules = "a password policy needs one rule \"charset\" at least"
        case noCharacters = "a charset may not be empty"
        case tooDemanding = "the rules ask for more characters than length has"
        case negative = "min-chars may not be negative"
    }

    /// Creates a policy.
    ///
    /// - Throws: ``Refusal`` if no password could follow the rules.
    package init(length: Int, rules: [Rule]) throws(Refusal) {
        guard Self.lengths.contains(length) else { throw .length }
        guard !rules.isEmpty else { throw .noRules }
        guard rules.allSatisfy({ !$0.characters.isEmpty }) else { throw .noCharacters }
        guard rules.allSatisfy({ $0.least >= 0 }) else { throw .negative }
        guard rules.reduce(0, { $0 + min($1.least, length + 1) }) <= length else { throw .tooDemanding }
        self.init(keptRules: rules, length: length)
    }

    /// Of rules that are known to be kept.
    private init(keptRules rules: [Rule], length: Int) {
        self.length = length
        self.rules = rules.map { Rule(characters: Self.distinct($0.characters), least: $0.least) }
        alphabet = Self.distinct(self.rules.flatMap(\.characters))
    }

    /// What is used where no policy is named: 20 letters, digits and `-`, one of each kind at least.
    package static let standard: PasswordPolicy = {
        let kinds = [ASCII.lowercase, ASCII.uppercase, ASCII.digits, "-"]
        return PasswordPolicy(keptRules: kinds.map { Rule(characters: Array($0), least: 1) }, length: 20)
    }()

    /// First what each rule must have, the rest from all of them, then everything in a random order.
    package func makePassword(_ randomness: any Randomness) -> String {
        var generator = RandomnessGenerator(randomness)
        var characters: [Character] = []
        for rule in rules {
            for _ in 0..<rule.least {
                characters.append(rule.characters[Int.random(in: rule.characters.indices, using: &generator)])
            }
        }
        while characters.count < length { characters.append(alphabet[Int.random(in: alphabet.indices, using: &generator)]) }
        characters.shuffle(using: &generator)
        return String(characters)
    }

    /// Without repetitions, in a fixed order: writing a character twice makes it no likelier.
    private static func distinct(_ characters: [Character]) -> [Character] { Set(characters).sorted() }
}

/// Lets the standard library draw from ``Randomness``; its bounded draws are without bias.
private struct RandomnessGenerator: RandomNumberGenerator {
    private let randomness: any Randomness

    init(_ randomness: any Randomness) { self.randomness = randomness }

    mutating func next() -> UInt64 { randomness.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
