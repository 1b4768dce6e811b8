import ConnectionsEngine
import Outbound
import TestSupport
import Testing

@Suite("Platform profiles")
struct ProfileTests {
    static let builtInNames = [
        "google", "gmail", "google_calendar", "google_drive", "google_sheets", "slack", "notion", "github", "microsoft",
        "salesforce", "hubspot", "reddit", "stripe", "linear", "jira", "dropbox", "zoom", "discord", "linkedin", "generic",
    ]

    @Test("every built-in profile is valid, complete and found by its name", arguments: builtInNames)
    func builtIn(name: String) throws {
        let text = try #require(BuiltInProfiles.all.first { $0.hasPrefix("name: \(name)\n") })
        let profile = try PlatformCatalog.profile(text, file: name)
        #expect(profile.name == name)
        #expect(PlatformCatalog.builtIn[name] == profile)
        if profile.auth == .oauth2 {
            #expect(OutboundURL(profile.authorizationURL)?.scheme == .https)
            #expect(OutboundURL(profile.tokenURL)?.scheme == .https)
            #expect(profile.verify != nil)
            // Where a lost answer may be asked for again, it must be because the old token stays good.
            #expect(profile.retriesInDoubt || profile.rotatesRefreshToken)
        }
        if let other = profile.credentialsOf { #expect(PlatformCatalog.builtIn[other] != nil) }
    }

    @Test("there are no built-in profiles but those")
    func complete() {
        #expect(PlatformCatalog.builtIn.names == Self.builtInNames.sorted())
        #expect(BuiltInProfiles.all.count == Self.builtInNames.count)
    }

    @Test(
        "says file, line and reason of what is wrong",
        arguments: [
            ("name: x\nallowed_host: [a.b]", 2, "unknown key 'allowed_host'"),
            ("name: X", 1, "'name' must consist of"),
            ("auth: oauth2", 0, "'name' must consist of"),
            ("name: x\npkce: perhaps", 2, "'pkce' must be true or false"),
            ("name: x\nrefresh_margin: -1", 2, "'refresh_margin' must be a whole number"),
            ("name: x\ntoken_auth_method: secret", 2, "'token_auth_method' must be one of client_secret_basic"),
            ("name: x\ntoken_url: https://a.b/t\n", 2, "the host of 'token_url' is not in 'allowed_hosts'"),
            ("name: x\ntoken_url: http://a.b/t\nallowed_hosts: [a.b]", 2, "'token_url' must be https"),
            ("name: x\ntoken_url: https://2130706433/t\nallowed_hosts: [a.b]", 2, "'token_url' must be an https URL"),
            ("name: x\nallowed_hosts: ['*.a.b']", 2, "'allowed_hosts' must be host names"),
            ("name: x\nverify:\n  url: https://a.b/\n  method: DROP\nallowed_hosts: [a.b]", 2, "'verify.method' must be"),
            ("name: x\nauthorization_url: https://a.b/", 0, "'token_url' is missing"),
            ("name: x\nresponse:\n  token: a.b", 2, "unknown key 'token' in 'response'"),
            ("name: x\nextends: nowhere", 2, "'extends' must name a known"),
            ("name: x\nextends: gmail", 2, "'extends' must name a known"),
            ("name: x\nextends: [google]", 2, "'extends' must be a single line"),
            ("name: x\nextends: google\nallowed_hosts: [a.b]", 3, "the host of 'token_url' is not in 'allowed_hosts'"),
            ("name: x\nextends: google\ntoken_url: https://a.b/", 3, "the host of 'token_url' is not in 'allowed_hosts'"),
            ("name: x\nrevocation_token: both", 2, "'revocation_token' must be one of refresh_token, access_token"),
            ("- a\n- b", 1, "a profile must be a mapping"),
            ("", 1, "the file is empty"),
            ("name: [", 0, "the YAML is not valid"),
            ("name: x\nname: y", 0, "the YAML is not valid"),
        ])
    func problems(text: String, line: Int, reason: String) throws {
        do throws(ProfileProblems) {
            _ = try PlatformCatalog.profile(text, file: "p.yaml")
            Issue.record("it was accepted")
            return
        } catch {
            let problems = error
            let found = try #require(problems.all.first { $0.reason.hasPrefix(reason) }, "\(problems.all)")
            #expect(found.file == "p.yaml")
            if line > 0 { #expect(found.line == line) }
        }
    }

    @Test("a profile that extends another has its own keys, whole, and the other's where it has none")
    func extends() throws {
        let profile = try PlatformCatalog.profile(
            "name: mine\nextends: google\ndefault_scopes: [a]\nauthorization_params:\n  prompt: none\n", file: "mine.yaml")
        let google = try #require(PlatformCatalog.builtIn["google"])
        #expect(profile.name == "mine" && profile.displayName == "mine" && profile.base == "google")
        #expect(profile.defaultScopes == ["a"] && profile.authorizationParams == ["prompt": "none"])
        #expect(
            profile.tokenURL == google.tokenURL && profile.allowedHosts == google.allowedHosts && profile.verify == google.verify)
        #expect(profile.clientName == "google" && !profile.rotatesRefreshToken && profile.retriesInDoubt)
        let other = try PlatformCatalog.profile("extends: google\nname: mine\ncredentials_of: slack\n", file: "mine.yaml")
        #expect(other.clientName == "slack")
        for name in ["gmail", "google_calendar", "google_drive", "google_sheets"] {
            #expect(PlatformCatalog.builtIn[name]?.base == "google" && PlatformCatalog.builtIn[name]?.clientName == "google")
        }
    }

    @Test("in a folder a profile may extend one of a later file, which goes before a built-in one")
    func extendsInFolder() throws {
        let directory = try TemporaryDirectory()
        try write("name: zz\nauth: api_key\ndocs: https://zz.test\n", directory.file("zz.yaml"))
        try write("name: aa\nextends: zz\n", directory.file("aa.yaml"))
        try write("name: google\nauth: api_key\n", directory.file("google.yaml"))
        try write("name: bb\nextends: google\n", directory.file("bb.yaml"))
        let found = PlatformCatalog.lint(directory.path)
        #expect(found.problems.isEmpty)
        let profiles = Dictionary(uniqueKeysWithValues: found.profiles.map { ($0.name, $0) })
        #expect(profiles["aa"]?.docs == "https://zz.test" && profiles["aa"]?.auth == .apiKey)
        #expect(profiles["bb"]?.auth == .apiKey)
        // One step and no more, wherever it leads.
        try write("name: cc\nextends: aa\n", directory.file("cc.yaml"))
        try write("name: dd\ndocs: x\nextends: dd\n", directory.file("dd.yaml"))
        let problems = PlatformCatalog.lint(directory.path).problems.map(\.description)
        #expect(problems.count == 2)
        #expect(problems.first?.contains("cc.yaml:2: 'extends' must name") == true)
        #expect(problems.last?.contains("dd.yaml:3: 'extends' must name") == true)
    }

    @Test("a folder lays its profiles over the built-in ones, and all its problems are told")
    func folder() throws {
        let directory = try TemporaryDirectory()
        try write("name: slack\nauth: api_key\n", directory.file("slack.yaml"))
        try write("name: acme\nauth: api_key\n", directory.file("acme.yml"))
        let good = PlatformCatalog.lint(directory.path)
        #expect(good.problems.isEmpty)
        let catalog = PlatformCatalog.builtIn.overridden(by: good.profiles)
        #expect(catalog["slack"]?.auth == .apiKey)
        #expect(catalog["acme"] != nil && catalog["google"] != nil)
        try write("nam: x\n", directory.file("bad.yaml"))
        try write("name: acme\nauth: api_key\n", directory.file("twice.yaml"))
        let bad = PlatformCatalog.lint(directory.path)
        #expect(bad.problems.contains { $0.description.hasSuffix("bad.yaml:1: unknown key 'nam'") })
        #expect(bad.problems.contains { $0.reason.contains("same 'name'") })
    }
}
