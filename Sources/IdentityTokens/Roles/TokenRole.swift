import EngineKit
import Records
import Syntax

/// A role of identity tokens: which key signs, for whom the tokens are, and what else they say.
struct TokenRole: Record, Hashable {
    var key = ""
    /// The audience of the tokens.
    var clientID = ""
    /// The template of further claims.
    var template = ClaimTemplate.empty
    /// Seconds that the tokens are valid.
    var ttl = 86_400
}

extension TokenRole: SettingsRecord {
    static let settings = Settings(
        new: TokenRole(),
        Setting(
            "client_id", \.clientID,
            as: .text { id, name throws(CofferError) in try KeySettings.checkClientID(id, field: name) }
                .keptByEmptyText,
            help: "The audience of the tokens; a random one by default."),
        Setting("key", \.key, as: .text, help: "The named key that signs, which must exist."),
        Setting("template", \.template, as: .template, help: "A JSON object of further claims, as it is or in base64."),
        Setting("ttl", \.ttl, as: .duration, help: "How long tokens are valid; not above the verification_ttl of the key."))

    /// Refuses a role that cannot sign, or whose template replaces claims of the server.
    func check() throws(CofferError) {
        guard !key.isEmpty else { throw .invalid("the key parameter is required") }
        guard ttl > 0 else { throw .invalid("field 'ttl' must be at least one second") }
        try TokenClaimNames.check(template)
    }
}

extension SettingKind where Value == ClaimTemplate {
    /// A template, which may be sent in base64. What is stored is its text.
    static var template: Self {
        Self(
            .string, shown: { .string($0.text) }, read: { $0.stringValue.flatMap { try? ClaimTemplate($0) } },
            take: { sent, _, _ throws(CofferError) in
                let text = sent.stringValue ?? ""
                guard text.utf8.count <= 2 * ClaimTemplate.bytesMax else {
                    throw .invalid("a template may have \(ClaimTemplate.bytesMax) bytes at most")
                }
                let decoded = Base64.decode(text).flatMap { String(validating: $0, as: UTF8.self) }
                return try ClaimTemplate(decoded ?? text)
            })
    }
}
