import Syntax

/// Says which provider a pasted credential is probably of. It suggests and warns, and never refuses: providers change the forms
/// of their credentials, and one that fits no form may be good.
package enum CredentialDetector {
    /// A provider whose credentials look like the text.
    package struct Suggestion: Sendable, Hashable {
        /// The provider's id.
        package var provider: String
        /// The kind of secret.
        package var type: SecretType
        /// Whether the text has the whole form of the provider's credentials, and not only its beginning.
        package var isWhole: Bool
    }

    /// What somebody who pastes a credential should know. The texts contain nothing of the credential.
    package enum Warning: Sendable, Hashable {
        /// The credential looks like one of another provider than the one that was chosen; the associated value is its name.
        case looksLike(String)
        /// A key of Stripe that moves real money.
        case liveKey
        /// A key of Google in the form that Google is ending.
        case oldGoogleKey
        /// Spaces or line ends around the credential, which are part of its value.
        case surroundingSpace
        /// The text is longer than any credential that is looked at.
        case tooLong

        /// The warning as a message.
        package var text: String {
            switch self {
            case .looksLike(let name):
                let article = name.utf8.first.map { "AEIOU".utf8.contains($0) } == true ? "an" : "a"
                return "this looks like \(article) \(name) key"
            case .liveKey: return "this is a live key of Stripe: whoever uses it moves real money"
            case .oldGoogleKey:
                return "Google is ending keys that begin with AIza; make a new one if this one is refused"
            case .surroundingSpace: return "there is white space before or after the value, which would be stored with it"
            case .tooLong: return "the value is too long to be recognized"
            }
        }
    }

    /// The suggestions, the likeliest first, and the warnings.
    package struct Finding: Sendable, Hashable {
        /// The providers that the credential may be of.
        package var suggestions: [Suggestion] = []
        /// What to know about the credential.
        package var warnings: [Warning] = []
    }

    /// The longest text that is looked at, in bytes; the longest secret.
    package static let bytesMax = 64 << 10
    private static let suggestionsMax = 5
    /// The beginning that is warned of when the rest does not fit.
    private static let tellingBytes = 4

    /// Returns what a text looks like.
    ///
    /// The longest fixed beginning decides: `sk-ant-` is Anthropic's although OpenAI's keys begin with `sk-`.
    ///
    /// - Parameter provider: The id of the provider that was chosen, if one was.
    package static func detect(_ value: String, chosen provider: String? = nil) -> Finding {
        guard value.utf8.count <= bytesMax else { return Finding(warnings: [.tooLong]) }
        let trimmed = value.trimmingASCIISpace()
        let bytes = Array(trimmed.utf8)
        var finding = Finding()
        if trimmed.utf8.count < value.utf8.count, !trimmed.isEmpty { finding.warnings.append(.surroundingSpace) }
        guard !bytes.isEmpty else { return finding }
        let found = matches(bytes)
        finding.suggestions = found.prefix(suggestionsMax).map(\.suggestion)
        if let provider, let other = impostor(found, chosen: provider) { finding.warnings.append(.looksLike(other)) }
        if trimmed.hasUTF8Prefix("sk_live_") || trimmed.hasUTF8Prefix("rk_live_") { finding.warnings.append(.liveKey) }
        if trimmed.hasUTF8Prefix("AIza") { finding.warnings.append(.oldGoogleKey) }
        return finding
    }

    private struct Candidate {
        var suggestion: Suggestion
        var name: String
        var prefixBytes: Int
    }

    private static func matches(_ bytes: [UInt8]) -> [Candidate] {
        var found: [Candidate] = []
        for provider in Provider.all {
            let best = provider.patterns.compactMap { pattern in pattern.match(bytes).map { (pattern, $0) } }
                .max { ($0.1.prefixBytes, $0.1.isWhole ? 1 : 0) < ($1.1.prefixBytes, $1.1.isWhole ? 1 : 0) }
            guard let (pattern, match) = best else { continue }
            let type = pattern.type ?? provider.types.first ?? .other
            found.append(
                Candidate(
                    suggestion: Suggestion(provider: provider.id, type: type, isWhole: match.isWhole), name: provider.name,
                    prefixBytes: match.prefixBytes))
        }
        // The order of the table decides between equals, which `sorted` keeps.
        return found.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.prefixBytes != b.prefixBytes { return a.prefixBytes > b.prefixBytes }
            if a.suggestion.isWhole != b.suggestion.isWhole { return a.suggestion.isWhole }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// Returns the name of the provider that the credential looks like, if it is another than the chosen one and has a more
    /// specific form than the chosen one's.
    private static func impostor(_ found: [Candidate], chosen: String) -> String? {
        guard let best = found.first, best.suggestion.isWhole || best.prefixBytes >= tellingBytes else { return nil }
        let own = found.first { $0.suggestion.provider == chosen }
        let ownPrefix = own?.prefixBytes ?? 0
        // Several ids may share one form, such as voyage and voyage_ai.
        return best.prefixBytes > ownPrefix && best.suggestion.provider != chosen ? best.name : nil
    }
}
