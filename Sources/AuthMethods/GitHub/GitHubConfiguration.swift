import EngineKit
import Outbound
import Records
import Syntax

/// The settings of a mount of the github method.
struct GitHubConfiguration: Record, Hashable {
    /// The login name of the organization that users must be in, as it was written. Only ``organizationID`` decides.
    var organization = ""
    /// The number of the organization, which is never given to another one. 0 before it is known.
    var organizationID = 0
    /// The API; empty for that of github.com.
    var baseURL = ""
    var tokens = TokenFields()

    static let publicAPI = "https://api.github.com/"

    /// The server to ask.
    ///
    /// - Throws: ``OutboundTargetError`` for a URL that is not understood.
    func target() throws(OutboundTargetError) -> OutboundTarget {
        var target = try OutboundTarget(configured: baseURL.isEmpty ? Self.publicAPI : baseURL)
        target.answerBytesMax = 1 << 20
        return target
    }
}

extension GitHubConfiguration: SettingsRecord {
    static let settings = Settings(
        new: GitHubConfiguration(), required: ["organization", "organization_id"], sortsShown: true,
        Setting(
            "organization", \.organization,
            as: .text { text, name throws(CofferError) in
                let isName = (1...100).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || $0 == 0x2D }
                guard isName else { throw .invalid("field '\(name)' must be the name of an organization of GitHub") }
            }, help: "The organization that users must be members of."),
        Setting(
            "organization_id", \.organizationID, as: .count(),
            help: "Its number, which stays when it is renamed; asked of GitHub if it is not sent."),
        Setting(
            "base_url", \.baseURL,
            as: .text { text, name throws(CofferError) in
                guard text.isEmpty || OutboundURL(text).map({ !$0.target.containsUTF8("?") }) == true else {
                    throw .invalid("field '\(name)' must be an absolute https or http URL without a query")
                }
            }, help: "The API of GitHub Enterprise; empty for github.com."),
        .group(\.tokens, stored: "tokens", oldNames: ["ttl", "max_ttl"]))
}

/// The policies of a team or a user.
struct GitHubMapping: Record, Hashable {
    var policies: [String] = []
}

extension GitHubMapping: SettingsRecord {
    static let settings = Settings(
        new: GitHubMapping(), Setting("value", \.policies, as: .joinedPolicies, help: "The policies, with commas between them."))
}

extension SettingKind where Value == [String] {
    /// Policies that answers show as one text, in the order in which they were sent, which Terraform compares.
    fileprivate static var joinedPolicies: Self {
        var kind = names { names, _ throws(CofferError) in try PolicyList.inSentOrder(names) }
        kind.shown = { .string($0.joined(separator: ",")) }
        return kind
    }
}
