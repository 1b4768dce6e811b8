import Certificates
import Directories
import EngineKit
import Records
import Syntax

/// The settings of a mount of the ldap method, named as in the Vault API.
struct LDAPConfiguration: Record, Hashable {
    var url = "ldap://127.0.0.1"
    var startsTLS = false
    var isUnverified = false
    var authorities = ""
    var clientCertificate = ""
    var clientKey = ""
    var versionMin = DirectoryTarget.TLSVersion.tls12
    var versionMax = DirectoryTarget.TLSVersion.tls12
    /// Seconds, as the other times.
    var connectionTimeout = 30
    var requestTimeout = 90
    var dereferencing = DirectoryTarget.Dereferencing.never
    var pageSize = 0
    /// The account that searches, if there is one.
    var bindName = ""
    var bindPassword = ""
    /// Where users are.
    var userBase = ""
    var userAttribute = "cn"
    var userFilter = Self.defaultUserFilter
    /// The domain of user principal names; empty where users are found by ``userAttribute``.
    var principalDomain = ""
    var discoversNames = false
    var deniesEmptyPasswords = true
    var groupBase = ""
    var groupFilter = "(|(memberUid={{.Username}})(member={{.UserDN}})(uniqueMember={{.UserDN}}))"
    var groupAttribute = "cn"
    var searchesGroupsAnonymously = false
    var usesTokenGroups = false
    var namesAliasAfterUser = false
    var keepsCase = false
    var tokens = TokenFields()

    static let defaultUserFilter = "({{.UserAttr}}={{.Username}})"

    /// Whether an account searches, or anybody may, so that a user is found without the user's password.
    var canSearch: Bool { discoversNames || (!bindName.isEmpty && !bindPassword.isEmpty) }

    /// The servers and how they are spoken to, or nil for a URL that an older server stored and that is not understood.
    var target: DirectoryTarget? {
        guard let servers = DirectoryServer.list(url) else { return nil }
        var target = DirectoryTarget(servers: servers)
        target.startsTLS = startsTLS
        target.authorities = authorities
        target.certificate = clientCertificate
        target.key = clientKey
        target.versionMin = versionMin
        target.versionMax = versionMax
        target.isUnverified = isUnverified
        // A stored number may be out of its bounds, as another server could have written it.
        target.connectSecondsMax = min(max(connectionTimeout, 1), Self.connectionSecondsMax)
        target.requestSecondsMax = min(max(requestTimeout, 1), Self.requestSecondsMax)
        target.dereferencing = dereferencing
        target.pageSize = min(max(pageSize, 0), Self.pageSizeMax)
        return target
    }

    private static let connectionSecondsMax = 60
    private static let requestSecondsMax = 120
    private static let pageSizeMax = 10_000

    /// Whether the account's password may go where `other` sends it: to no further server, with the same protection.
    func sendsPassword(as other: LDAPConfiguration) -> Bool {
        let known = Set(other.target?.servers ?? [])
        return (startsTLS, isUnverified, authorities) == (other.startsTLS, other.isUnverified, other.authorities)
            && target?.servers.allSatisfy(known.contains) == true
    }

    /// What an operator should know about settings that are accepted.
    var warnings: [String] {
        var warnings: [String] = []
        if !userFilter.isEmpty, !userFilter.containsUTF8("{{.UserAttr}}"), !userFilter.containsUTF8(userAttribute) {
            warnings.append(
                "userfilter configured does not consider userattr and may result in colliding entity aliases on logins")
        }
        let servers = target?.servers ?? []
        if !startsTLS, servers.contains(where: { !$0.isEncrypted }) {
            warnings.append("without ldaps:// or starttls, passwords are sent to the directory unencrypted")
        }
        if bindPassword.utf8.last == UInt8(ascii: "\n") {
            warnings.append("bindpass ends with a line end, which is sent as part of it; with echo, use echo -n")
        }
        if isUnverified { warnings.append("with insecure_tls, anybody on the way to the directory can read passwords") }
        return warnings
    }
}

extension LDAPConfiguration: SettingsRecord {
    static let settings = Settings(
        new: LDAPConfiguration(), required: ["url"], sortsShown: true,
        Setting("url", \.url, as: .servers, help: "Servers, ldap:// or ldaps://, with commas between them, tried in order."),
        Setting("starttls", \.startsTLS, as: .flag, help: "Encrypt ldap:// connections with StartTLS."),
        Setting("insecure_tls", \.isUnverified, as: .flag, help: "Accept any certificate of a server. Unsafe."),
        Setting(
            "certificate", \.authorities, as: .certificates,
            help: "Certificate authorities of the servers as PEM; empty for those of the system."),
        Setting("client_tls_cert", \.clientCertificate, as: .certificates, help: "A client certificate as PEM."),
        Setting("client_tls_key", \.clientKey, as: .bounded.hidden, help: "Its private key as PEM. Never shown."),
        Setting("tls_min_version", \.versionMin, as: .choice(empty: .tls12), help: "The lowest version of TLS."),
        Setting("tls_max_version", \.versionMax, as: .choice(empty: .tls12), help: "The highest version of TLS."),
        Setting(
            "connection_timeout", \.connectionTimeout, as: .seconds(1...connectionSecondsMax),
            help: "Seconds for a connection with one server, 60 at most."),
        Setting(
            "request_timeout", \.requestTimeout, as: .seconds(1...requestSecondsMax),
            help: "Seconds for what is asked of a server, 120 at most."),
        Setting(
            "dereference_aliases", \.dereferencing, as: .choice(empty: .never), help: "When searches follow alias entries."),
        Setting("max_page_size", \.pageSize, as: .pageSize, help: "Entries of a page of results; 0 and -1 for no pages."),
        Setting("binddn", \.bindName, as: .name, help: "The name of an account that searches for users and groups."),
        Setting("bindpass", \.bindPassword, as: .bounded.hidden, help: "Its password. Never shown."),
        Setting("userdn", \.userBase, as: .name, help: "The name of the entry below which users are."),
        Setting("userattr", \.userAttribute, as: .attribute(empty: "cn"), help: "The attribute that holds the user name."),
        Setting(
            "userfilter", \.userFilter,
            as: .template(empty: defaultUserFilter, with: [.userAttribute, .username], required: .username),
            help: "A filter for the user's entry, with {{.UserAttr}} and {{.Username}}."),
        Setting(
            "upndomain", \.principalDomain, as: .domain,
            help: "The domain of user principal names, user@upndomain, by which users bind."),
        Setting("discoverdn", \.discoversNames, as: .flag, help: "Search for users without an account."),
        Setting("deny_null_bind", \.deniesEmptyPasswords, as: .alwaysOn, help: "Refuse empty passwords. Always on."),
        Setting("groupdn", \.groupBase, as: .name, help: "The name of the entry below which groups are; empty for no groups."),
        Setting(
            "groupfilter", \.groupFilter,
            as: .template(empty: LDAPConfiguration().groupFilter, with: LDAPTemplate.Variable.allCases),
            help: "A filter for the groups of a user, with {{.UserDN}} and {{.Username}}."),
        Setting(
            "groupattr", \.groupAttribute, as: .attribute(empty: "cn"), help: "The attribute of what is found that names groups."),
        Setting(
            "anonymous_group_search", \.searchesGroupsAnonymously, as: .flag, help: "Search for groups without an account."),
        Setting(
            "use_token_groups", \.usesTokenGroups, as: .alwaysOff,
            help: "Not supported; use a groupfilter with member:1.2.840.113556.1.4.1941:={{.UserDN}}."),
        Setting(
            "username_as_alias", \.namesAliasAfterUser, as: .flag, help: "Name the entity's alias after the user name of the login."
        ),
        Setting("case_sensitive_names", \.keepsCase, as: .flag, help: "Tell names of users and groups apart by case."),
        .group(\.tokens, stored: "tokens"))

    func check() throws(CofferError) {
        guard clientCertificate.isEmpty == clientKey.isEmpty else {
            throw .invalid("both client_tls_cert and client_tls_key must be set")
        }
        guard versionMin == .tls12 || versionMax == .tls13 else {
            throw .invalid("'tls_max_version' must be greater than or equal to 'tls_min_version'")
        }
        guard startsTLS == false || target?.servers.contains(where: { !$0.isEncrypted }) == true else {
            throw .invalid("'starttls' is for ldap:// servers; ldaps:// is encrypted from the start")
        }
    }
}

extension SettingKind where Value == String {
    private static func checked(_ isGood: @escaping @Sendable (String) -> Bool, _ rule: String) -> Self {
        .text { text, name throws(CofferError) in
            guard isGood(text) else { throw .invalid("field '\(name)' \(rule)") }
        }
    }

    fileprivate static var bounded: Self { checked({ $0.utf8.count <= 16_384 }, "may have 16384 bytes at most") }

    fileprivate static var name: Self {
        checked({ $0.utf8.count <= 1_024 && !$0.utf8.contains(0) }, "must be a distinguished name of 1024 bytes at most")
    }

    fileprivate static var domain: Self {
        checked(
            { text in text.utf8.count <= 253 && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-.".utf8.contains($0) } },
            "must be a domain such as example.com")
    }

    fileprivate static var certificates: Self {
        checked(
            { $0.isEmpty || ($0.utf8.count <= 262_144 && PEM.documents(in: $0, label: .certificate) != nil) },
            "must be certificates in PEM form, 256 KiB at most")
    }

    fileprivate static var servers: Self {
        Self(
            .string, shown: { .string($0) }, read: { $0.stringValue },
            normalize: { text, name throws(CofferError) in
                guard text.utf8.count <= 4_096, DirectoryServer.list(text) != nil else {
                    throw .invalid(
                        "field '\(name)' must be 1 to \(DirectoryServer.countMax) URLs such as ldaps://ldap.example.com, with commas between"
                    )
                }
                return text.lowercased()
            })
    }

    fileprivate static func attribute(empty: String) -> Self {
        Self(
            .string, shown: { .string($0) }, read: { $0.stringValue },
            normalize: { text, name throws(CofferError) in
                guard text.utf8.count <= 128, text.utf8.allSatisfy({ $0.isASCIILetterOrDigit || "-;.".utf8.contains($0) }) else {
                    throw .invalid("field '\(name)' must be the name of an attribute")
                }
                return text.isEmpty ? empty : text.lowercased()
            })
    }

    fileprivate static func template(
        empty: String, with variables: [LDAPTemplate.Variable], required: LDAPTemplate.Variable? = nil
    ) -> Self {
        Self(
            .string, shown: { .string($0) }, read: { $0.stringValue },
            normalize: { text, name throws(CofferError) in
                let text = text.isEmpty ? empty : text
                guard let template = LDAPTemplate(text), template.variables.isSubset(of: variables) else {
                    let names = variables.map { "{{.\($0.rawValue)}}" }.joined(separator: ", ")
                    throw .invalid(
                        "field '\(name)' must be a filter in parentheses of 4096 bytes at most, with no variables but \(names)"
                    )
                }
                if let required, !template.variables.contains(required) {
                    throw .invalid(
                        "field '\(name)' must contain {{.\(required.rawValue)}}; it would find the same user for every name")
                }
                return text
            })
    }
}

extension SettingKind where Value == Int {
    /// The entries of a page. Terraform's provider sends -1 if its configuration says nothing, and expects to read it again.
    fileprivate static var pageSize: Self {
        var kind = number { value, name throws(CofferError) in
            guard (-1...pageSizeMax).contains(value) else {
                throw .invalid("field '\(name)' must be between -1 and \(pageSizeMax)")
            }
        }
        kind.read = { value in value.intValue.flatMap { $0 < -1 ? nil : min($0, pageSizeMax) } }
        return kind
    }

    private static var pageSizeMax: Int { 10_000 }

    fileprivate static func seconds(_ range: ClosedRange<Int>) -> Self {
        .duration { value, name throws(CofferError) in
            guard range.contains(value) else {
                throw .invalid("field '\(name)' must be from \(range.lowerBound) to \(range.upperBound) seconds")
            }
        }
    }
}

extension SettingKind where Value == Bool {
    /// A flag of the Vault API that has no other value here.
    private static func fixed(_ value: Bool, _ reason: String) -> Self {
        Self(
            .bool, shown: { .bool($0) }, read: { $0.boolValue },
            normalize: { sent, name throws(CofferError) in
                guard sent == value else { throw .invalid("field '\(name)' cannot be \(sent): \(reason)") }
                return value
            })
    }

    fileprivate static var alwaysOn: Self { fixed(true, "directories accept an empty password without any proof") }

    fileprivate static var alwaysOff: Self {
        fixed(false, "use a groupfilter with member:1.2.840.113556.1.4.1941:={{.UserDN}} for nested groups")
    }
}
