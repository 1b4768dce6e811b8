import Directories
import Syntax

/// What a directory says of a user.
struct LDAPFinding: Sendable, Hashable {
    /// The name of the user's entry, or what the user binds as where entries are not searched for.
    var name: String
    /// Whose policies and metadata the login has: the name that was typed, or, where a filter finds users by something else, the
    /// directory's.
    var user: LDAPName
    /// The name that was typed.
    let typed: String
    /// The spellings of the user name in the directory, in lower case; empty where they cannot be read.
    var spellings: Set<String> = []
    /// The name of the entity's alias.
    var alias = ""
    var groups: [String] = []
    /// Attributes that change with the password, as far as the directory has them.
    var passwordMarker = ""

    init(name: String, user: LDAPName) {
        (self.name, self.user, typed) = (name, user, user.text)
    }
}

/// What came of asking.
enum LDAPOutcome: Sendable, Hashable {
    case found(LDAPFinding)
    /// The user may not log in. The reason is for the log and holds nothing that was sent.
    case refused(reason: String, isKnown: Bool)
}

/// What is said to a directory about one user, on a thread that may block.
struct LDAPDialog: Sendable {
    let settings: LDAPConfiguration
    let name: LDAPName

    static let groupsMax = 2_000
    private static let groupBytesMax = 512
    private static let passwordBytesMax = 4_096
    /// Attributes that change when a password does: those of OpenLDAP's password policy and of Active Directory.
    private static let markers = ["pwdChangedTime", "pwdLastSet"]
    /// Attributes that say that an account is closed: Active Directory, 389 Directory Server, OpenLDAP.
    private static let closings = ["userAccountControl", "nsAccountLock", "pwdAccountLockedTime"]

    // MARK: A login

    /// Checks the password and finds the user's groups.
    func logIn(_ session: any DirectorySession, password: String) throws(DirectoryError) -> LDAPOutcome {
        guard password.utf8.count <= Self.passwordBytesMax else {
            return .refused(reason: "the password is too long", isKnown: false)
        }
        let (entry, reason) = try find(session)
        let mayLogIn = entry != nil || (reason.isEmpty && !settings.canSearch)
        // A user that does not exist costs the same requests as one that does.
        let bindName = entry?.name ?? (mayLogIn ? directName : Self.nobody(below: settings.userBase))
        do throws(DirectoryError) {
            try session.bind(bindName, password: password)
        } catch {
            guard case .refused(let code) = error, ResultCode.refusalsOfBind.contains(code) else { throw error }
            return .refused(reason: reason.isEmpty ? error.reason : reason, isKnown: entry != nil)
        }
        guard mayLogIn else { return .refused(reason: reason, isKnown: false) }
        var finding = LDAPFinding(name: bindName, user: name)
        if let entry { note(entry, in: &finding) }
        if settings.canSearch { try becomeSearcher(session) }
        if entry == nil { try lookUp(session, &finding) }
        return try complete(session, finding)
    }

    private static func nobody(below base: String) -> String { "cn=coffer-nobody" + (base.isEmpty ? "" : "," + base) }

    /// The name that the user binds as where nobody may search.
    private var directName: String {
        guard settings.principalDomain.isEmpty else { return "\(name.text)@\(settings.principalDomain)" }
        return "\(settings.userAttribute)=\(DirectoryText.nameValue(name.text)),\(settings.userBase)"
    }

    /// Finds the user's entry without the password, where that is allowed.
    ///
    /// - Returns: No entry and an empty reason where nobody may search; no entry and a reason if there is no such user.
    private func find(_ session: any DirectorySession) throws(DirectoryError) -> (DirectoryEntry?, reason: String) {
        guard name.isPlain else { return (nil, "the user name has characters that directories read in several ways") }
        guard settings.principalDomain.isEmpty || name.isPrincipal else {
            return (nil, "the user name has characters that a user principal name cannot have")
        }
        guard settings.canSearch else { return (nil, "") }
        try becomeSearcher(session)
        let search = DirectorySearch(
            base: settings.userBase, filter: try userFilter(),
            attributes: [settings.userAttribute, nameAttribute] + Self.markers + Self.closings, entriesMax: 1)
        do throws(DirectoryError) {
            let found = try session.search(search)
            guard let entry = found.first, !entry.name.isEmpty else { return (nil, "the directory has no such user") }
            return (entry, "")
        } catch {
            switch error {
            case .tooLarge: return (nil, "several users match the filter")
            case .refused(ResultCode.noSuchObject): return (nil, "the directory has no such user")
            default: throw error
            }
        }
    }

    private func becomeSearcher(_ session: any DirectorySession) throws(DirectoryError) {
        guard !settings.bindName.isEmpty, !settings.bindPassword.isEmpty else { return try session.bindAnonymously() }
        do throws(DirectoryError) {
            try session.bind(settings.bindName, password: settings.bindPassword)
        } catch {
            // Without this, the log would not tell the account's password from the user's.
            guard case .refused(let code) = error else { throw error }
            throw .invalid("the directory refuses 'binddn' with its 'bindpass': \(ResultCode.text(code))")
        }
    }

    // MARK: What is found

    /// The attribute that the user name is compared with.
    private var nameAttribute: String { settings.principalDomain.isEmpty ? settings.userAttribute : "userPrincipalName" }

    private func userFilter() throws(DirectoryError) -> String {
        let text = settings.userFilter.isEmpty ? LDAPConfiguration.defaultUserFilter : settings.userFilter
        guard let template = LDAPTemplate(text) else { throw .invalid("the userfilter is malformed") }
        return filter(template, userName: "")
    }

    private func filter(_ template: LDAPTemplate, userName: String) -> String {
        let domain = settings.principalDomain
        return template.filter { variable in
            switch variable {
            case .userAttribute: nameAttribute
            case .username: domain.isEmpty || !userName.isEmpty ? name.text : "\(name.text)@\(domain)"
            case .userName: userName
            }
        }
    }

    private func note(_ entry: DirectoryEntry, in finding: inout LDAPFinding) {
        finding.name = entry.name
        finding.spellings = Set(entry.values(nameAttribute).map { $0.lowercased() })
        finding.passwordMarker = Self.markers.flatMap { entry.values($0) }.joined(separator: " ")
        let values = entry.values(settings.userAttribute)
        if values.count == 1 { finding.alias = values[0] }
    }

    /// Reads the entry of a user who has bound directly, as far as the user may read it.
    private func lookUp(_ session: any DirectorySession, _ finding: inout LDAPFinding) throws(DirectoryError) {
        let isPrincipal = !settings.principalDomain.isEmpty
        let search = DirectorySearch(
            base: isPrincipal ? settings.userBase : finding.name, scope: isPrincipal ? .subtree : .base,
            filter: isPrincipal ? "(userPrincipalName=\(DirectoryText.filterValue(directName)))" : "(objectClass=*)",
            attributes: [settings.userAttribute, nameAttribute] + Self.markers, entriesMax: 1)
        var found: [DirectoryEntry] = []
        do throws(DirectoryError) { found = try session.search(search) } catch {
            // Without the right to read it, the user's name is as it was typed.
            guard case .refused = error else { throw error }
        }
        if let entry = found.first { note(entry, in: &finding) }
        finding.alias = directName
    }

    private func complete(_ session: any DirectorySession, _ finding: LDAPFinding) throws(DirectoryError) -> LDAPOutcome {
        var finding = finding
        let expected =
            nameAttribute == settings.userAttribute ? name.folded : "\(name.folded)@\(settings.principalDomain.lowercased())"
        if settings.canSearch && settings.userFilter != LDAPConfiguration.defaultUserFilter {
            // Users may be able to write what such a filter compares, so only 'userattr' says who somebody is.
            guard let user = LDAPName(finding.alias, keepsCase: settings.keepsCase) else {
                return .refused(
                    reason: "the user's entry does not have exactly one value of 'userattr' that is a name", isKnown: true)
            }
            finding.user = user
        } else if !finding.spellings.isEmpty, !finding.spellings.contains(expected) {
            return .refused(reason: "the directory spells the user name in another way", isKnown: true)
        }
        if settings.namesAliasAfterUser { finding.alias = finding.user.text }
        guard !finding.alias.isEmpty else {
            return .refused(reason: "the user's entry does not have exactly one value of 'userattr'", isKnown: true)
        }
        finding.groups = try groups(session, finding.name)
        return .found(finding)
    }

    private func groups(_ session: any DirectorySession, _ userName: String) throws(DirectoryError) -> [String] {
        guard !settings.groupBase.isEmpty else { return [] }
        guard let template = LDAPTemplate(settings.groupFilter) else { throw .invalid("the groupfilter is malformed") }
        if settings.searchesGroupsAnonymously { try session.bindAnonymously() }
        let entries = try session.search(
            DirectorySearch(
                base: settings.groupBase, filter: filter(template, userName: userName), attributes: [settings.groupAttribute],
                entriesMax: Self.groupsMax))
        var names: Set<String> = []
        for entry in entries {
            let values = entry.values(settings.groupAttribute)
            for value in values { names.insert(groupName(value)) }
            if values.isEmpty { names.insert(DirectoryText.commonName(of: entry.name) ?? entry.name) }
        }
        guard names.count <= Self.groupsMax else { throw .tooLarge }
        return names.filter { (1...Self.groupBytesMax).contains($0.utf8.count) }.sorted()
    }

    /// A value of `cn` is a name, whatever it looks like. Other attributes, such as `memberOf`, hold distinguished names.
    private func groupName(_ value: String) -> String {
        settings.groupAttribute == "cn" ? value : DirectoryText.commonName(of: value) ?? value
    }

    // MARK: A renewal

    /// Finds the user again, without the password.
    func findAgain(_ session: any DirectorySession) throws(DirectoryError) -> LDAPOutcome {
        let (entry, reason) = try find(session)
        guard let entry else { return .refused(reason: reason, isKnown: false) }
        guard !Self.isClosed(entry) else { return .refused(reason: "the user's account is disabled or locked", isKnown: true) }
        var finding = LDAPFinding(name: entry.name, user: name)
        note(entry, in: &finding)
        return try complete(session, finding)
    }

    private static func isClosed(_ entry: DirectoryEntry) -> Bool {
        // The second bit of Active Directory's flags disables an account.
        let isDisabled = entry.values(closings[0]).contains { (Int($0) ?? 0) & 2 != 0 }
        let isLocked = entry.values(closings[1]).contains { $0.lowercased() == "true" }
        return isDisabled || isLocked || !entry.values(closings[2]).isEmpty
    }
}
