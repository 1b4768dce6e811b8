import Directories
import Testing

@Suite struct DirectoryTextTests {
    @Test(arguments: [
        ("ann", "ann"), ("*", "\\2a"), ("(", "\\28"), (")", "\\29"), ("\\", "\\5c"), ("\u{0}", "\\00"), ("a b", "a\\20b"),
        ("é", "\\c3\\a9"), (",+\"<>;#=", "\\2c\\2b\\22\\3c\\3e\\3b\\23\\3d"), ("a-b.c_d@e", "a-b.c_d@e"), ("/", "\\2f"),
        (" x ", "\\20x\\20"), ("", ""),
    ])
    func escapesEveryByteWithAMeaning(text: String, escaped: String) {
        #expect(DirectoryText.filterValue(text) == escaped)
        #expect(DirectoryText.nameValue(text) == escaped)
    }

    @Test(arguments: [
        "ann", "a,b", "a=b", "#x", " x ", "é", "\"q\"", "a+b", "<>", ";", "\\", "\u{1}", "*", "cn=evil", "\u{1F600}", "\r\n",
    ])
    func aNameIsReadBackFromADistinguishedName(name: String) {
        #expect(DirectoryText.commonName(of: "cn=\(DirectoryText.nameValue(name)),dc=example") == name)
        #expect(DirectoryText.commonName(of: "ou=x,CN=\(DirectoryText.nameValue(name))+uid=1,dc=example") == name)
    }

    @Test(arguments: ["", "ann", "uid=ann,dc=example", "cn=", "cn=a\\", "=", ",", "cn=a,,dc=x", "\u{0}", "cn=#zz", "cn"])
    func otherTextsHaveNoCommonName(text: String) {
        let name = DirectoryText.commonName(of: text)
        #expect(name == nil || name == "")
    }
}

@Suite struct DirectoryServerTests {
    @Test(arguments: [
        ("ldap://ldap.example.com", "ldap://ldap.example.com:389"), ("LDAPS://LDAP.example.com/", "ldaps://ldap.example.com:636"),
        ("ldap://127.0.0.1:1389", "ldap://127.0.0.1:1389"), ("ldaps://[::1]:636", "ldaps://[::1]:636"),
        ("ldap://[2001:db8::1]", "ldap://[2001:db8::1]:389"), ("ldap://localhost:443", "ldap://localhost:443"),
        ("ldap://localhost:80", "ldap://localhost:80"),
    ])
    func readsURLs(text: String, url: String) { #expect(DirectoryServer(text)?.url == url) }

    @Test(arguments: [
        "", "ldap://", "ldap:///dc=example", "ldapi://x", "ldaps://a b", "ldap://user:pw@host", "ldap://host/dc=x", "ldap://host?x",
        "ldap://host#x", "ldap://017700000001", "ldap://2130706433", "ldap://host:99999", "ldap://host:", "ldap://-x", "host:389",
        "cldap://host", "ldap://[::1", "ldap://host//",
    ])
    func refusesOtherTexts(text: String) { #expect(DirectoryServer(text) == nil) }

    @Test func readsLists() {
        #expect(DirectoryServer.list("ldap://a, ldaps://b")?.map(\.url) == ["ldap://a:389", "ldaps://b:636"])
        #expect(DirectoryServer.list("") == nil)
        #expect(DirectoryServer.list("ldap://a,x") == nil)
        #expect(DirectoryServer.list(Array(repeating: "ldap://a", count: 11).joined(separator: ",")) == nil)
    }
}

@Suite struct LDAPDirectoryTests {
    @Test func aHostWithAnAddressThatIsNotAllowedIsNotCalled() async throws {
        let directory = LDAPDirectory { _ in false }
        let server = try #require(DirectoryServer("ldap://127.0.0.1:1"))
        await #expect(throws: DirectoryError.unreachable("the host of the directory has an address that may not be called")) {
            try await directory.withSession(DirectoryTarget(servers: [server])) { _ throws(DirectoryError) in 1 }
        }
    }

    @Test func aServerThatIsNotThereIsNoSession() async throws {
        let directory = LDAPDirectory { _ in true }
        var target = DirectoryTarget(servers: DirectoryServer.list("ldap://127.0.0.1:1,ldaps://127.0.0.1:2") ?? [])
        target.connectSecondsMax = 2
        let called = target
        await #expect(throws: DirectoryError.unreachable("could not connect to the directory")) {
            try await directory.withSession(called) { _ throws(DirectoryError) in 1 }
        }
    }
}
