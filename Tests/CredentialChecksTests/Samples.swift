import CredentialChecks
import Syntax

/// Texts that have the form of credentials, and are none.
enum Samples {
    /// Returns a text that has the whole form.
    static func text(of pattern: KeyPattern) -> String {
        pattern.parts.map { part in
            switch part {
            case .text(let texts): texts[0]
            case .run(let kind, let counts): run(kind, counts.lowerBound)
            case .around(let text, let kind): run(kind, 8) + text + run(kind, 8)
            }
        }.joined()
    }

    private static func run(_ kind: KeyPattern.Class, _ count: Int) -> String {
        let byte: Character =
            switch kind {
            case .digits, .hex, .hexOrHyphen: "7"
            case .uppercaseOrDigit: "Q"
            default: "q"
            }
        return String(repeating: byte, count: count)
    }

    /// Returns a value that a provider's probe can send.
    static func value(_ provider: Provider) -> String {
        switch provider.id {
        case "twilio": "AC" + String(repeating: "7", count: 32) + ":" + String(repeating: "b", count: 32)
        case "aws": "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        case "webhook": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        default: provider.patterns.first.map { text(of: $0) } ?? "canary-credential-that-is-none"
        }
    }
}
