import EngineKit
import Records
import Syntax

/// A role of the Kubernetes method: which service accounts may log in with it, and what the tokens are like.
struct KubernetesRole: NamedAccount, Hashable {
    /// What an account's alias is called.
    enum AliasSource: String, CaseIterable, Sendable {
        /// By the uid, which no later account of the same name has.
        case uid = "serviceaccount_uid"
        /// By namespace and name.
        case name = "serviceaccount_name"
    }

    private(set) var name: String
    /// An id that differs from that of a later role of the same name.
    private(set) var uid: String
    /// Patterns of accounts' names.
    var accounts: [String] = []
    /// Patterns of namespaces, of which one must match, or the selector.
    var namespaces: [String] = []
    var selector = LabelSelector.none
    /// The audience that tokens must be for; empty for that of the cluster's API.
    var audience = ""
    var aliasSource = AliasSource.uid
    var tokens = TokenFields()

    init(name: String, uid: String) {
        self.name = name
        self.uid = uid
    }
}

extension KubernetesRole {
    static let settings = Settings(
        new: KubernetesRole(name: "", uid: ""), sortsShown: true,
        .kept("name", \.name, as: .text), .kept("uid", \.uid, as: .text),
        Setting(
            "bound_service_account_names", \.accounts, as: .patterns,
            help: "Patterns of the service accounts that may log in; \"*\" for all of the namespaces."),
        Setting(
            "bound_service_account_namespaces", \.namespaces, as: .patterns,
            help: "Patterns of the namespaces whose accounts may log in; \"*\" for all."),
        Setting(
            "bound_service_account_namespace_selector", \.selector, as: .selector,
            help: "A label selector, as JSON, of further namespaces whose accounts may log in."),
        Setting(
            "audience", \.audience, as: .text(check: checkAudience),
            help: "The audience that tokens must be for; empty for that of the cluster's API."),
        Setting(
            "alias_name_source", \.aliasSource, as: .choice(empty: .uid),
            help: "What the alias is called: serviceaccount_uid, or serviceaccount_name for namespace/name."),
        .tokens(\.tokens))

    private static func checkAudience(_ text: String, field name: String) throws(CofferError) {
        guard text.utf8.count <= NamePattern.bytesMax else {
            throw .invalid("field '\(name)' may have \(NamePattern.bytesMax) bytes at most")
        }
    }

    /// Refuses a role that every account of the cluster could log in with.
    func check() throws(CofferError) {
        guard !accounts.isEmpty else { throw .invalid("\"bound_service_account_names\" can not be empty") }
        guard !namespaces.isEmpty || !selector.isEmpty else {
            throw .invalid(
                "\"bound_service_account_namespaces\" can not be empty if \"bound_service_account_namespace_selector\" is not set")
        }
        for list in [accounts, namespaces] where list.count > 1 && list.contains(where: { $0 == "*" }) {
            throw .invalid("can not mix \"*\" with values")
        }
        guard Self.matchesAll(accounts) else { return }
        guard !Self.matchesAll(namespaces) else {
            throw .invalid(
                "\"bound_service_account_names\" and \"bound_service_account_namespaces\" can not both match everything")
        }
        guard !selector.selectsMost else {
            throw .invalid(
                "\"bound_service_account_names\" can not match everything with a \"bound_service_account_namespace_selector\" that "
                    + "asks for no label: use matchLabels, In or Exists")
        }
    }

    private static func matchesAll(_ patterns: [String]) -> Bool {
        patterns.contains { $0.utf8.allSatisfy { $0 == UInt8(ascii: "*") } }
    }

    /// Whether the role is for accounts of that name.
    func allows(account name: String) -> Bool { accounts.contains(where: name.matchesUTF8) }
    /// Whether the role names the namespace, so that no labels need to be looked at.
    func names(namespace: String) -> Bool { namespaces.contains(where: namespace.matchesUTF8) }

    /// Returns the name of an account's alias.
    func alias(_ account: ServiceAccountToken) -> String {
        aliasSource == .uid ? account.uid : "\(account.namespace)/\(account.name)"
    }
}
