import EngineKit
import Records
import Syntax

/// A scope: claims that clients can ask for by its name.
struct Scope: Record, Hashable {
    var template = ClaimTemplate.empty
    var description = ""

    /// The scope that every provider has, which consists of the server's own claims.
    static let openID = "openid"
    private static let descriptionBytesMax = 1_024
}

extension Scope: SettingsRecord {
    static let settings = Settings(
        new: Scope(),
        Setting(
            "description", \.description,
            as: .text { text, name throws(CofferError) in
                guard text.utf8.count <= descriptionBytesMax else {
                    throw .invalid("field '\(name)' may have \(descriptionBytesMax) bytes at most")
                }
            }, help: "What the scope is for."),
        Setting("template", \.template, as: .template, help: "A JSON object of claims, as it is or in base64."))

    /// Refuses a template that replaces claims of the server.
    func check() throws(CofferError) { try TokenClaimNames.check(template) }
}
