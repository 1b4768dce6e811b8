import AuthMethods
import Directories
import EngineKit
import Syntax
import TestSupport
import Testing

/// Directories compare names without regard to the case of any script (caseIgnoreMatch of RFC 4517 with RFC 4518), so the method folds
/// the same way: names in normalization form C and lower case are one user, with one counter of failures and one entity.
@Suite("Names of LDAP users beyond ASCII") struct LDAPNameTests {
    private func driver(_ spelling: String) async throws -> LDAPDriver {
        let ldap = try await LDAPDriver()
        ldap.directory.add(
            "uid=\(DirectoryText.nameValue(spelling)),ou=people,dc=example", ["uid": [spelling]], password: "own-password")
        return ldap
    }

    @Test(
        "are one user in every case, with one counter of failures",
        arguments: [
            ("müller", ["MÜLLER", "Müller"]), ("ΟΔΥΣΣΕΑΣ", ["οδυσσεασ", "Οδυσσεασ"]),
            ("иван", ["ИВАН", "Иван"]), ("Åsa", ["åsa", "ÅSA"]), ("ẞeta", ["ßeta"]), ("straße", ["STRAßE"]),
            ("İpek", ["i\u{307}pek"]), ("王芳", ["王芳"]), ("ñandú", ["ÑANDÚ"]),
        ] as [(String, [String])])
    func oneName(name: String, spellings: [String]) async throws {
        let ldap = try await driver(name)
        var names: Set<[String: String]> = []
        for spelling in [name] + spellings { names.insert(try await ldap.logIn(spelling, "own-password").metadata) }
        #expect(names.count == 1)
        // Bytes, because texts that differ in their composition are equal as texts.
        #expect(Set(names.compactMap { $0["username"].map { Array($0.utf8) } }).count == 1)
        let all = [name] + spellings
        for number in 0..<5 { #expect(await ldap.refusal(all[number % all.count], "wrong")?.code == .invalidRequest) }
        for spelling in all { #expect(await ldap.refusal(spelling, "own-password")?.code == .permissionDenied) }
        let locking = try #require(ldap.driver.method as? any LockingEngine)
        #expect(try await locking.lockedNames().count == 1)
        try await locking.unlock(spellings[0])
        #expect(await ldap.refusal(name, "own-password") == nil)
    }

    @Test("that a directory keeps decomposed are the same user")
    func decomposed() async throws {
        let ldap = try await driver("mu\u{308}ller")
        let grant = try await ldap.logIn("m\u{FC}ller", "own-password")
        #expect(grant.metadata["username"]?.utf8.elementsEqual("m\u{FC}ller".utf8) == true)
        for _ in 0..<5 { _ = await ldap.refusal("M\u{DC}LLER", "wrong") }
        #expect(await ldap.refusal("m\u{FC}ller", "own-password")?.code == .permissionDenied)
    }

    @Test(
        "that only some directories take for one another are different users",
        arguments: [
            ("müller", "mueller"), ("müller", "muller"), ("straße", "strasse"), ("οδοσ", "οδος"), ("ıpek", "ipek"), ("аnn", "ann"),
            ("é", "e"), ("ø", "o"), ("æ", "ae"),
        ])
    func otherNames(one: String, other: String) async throws {
        let ldap = try await driver(one)
        #expect(try await ldap.logIn(one, "own-password").metadata["username"]?.utf8.elementsEqual(one.utf8) == true)
        #expect(await ldap.refusal(other, "own-password")?.code == .invalidRequest)
        for _ in 0..<5 { _ = await ldap.refusal(other, "wrong") }
        #expect(await ldap.refusal(one, "own-password") == nil)
    }

    @Test("that a directory binds although it spells them in another way are refused: they would be a second user")
    func otherSpelling() async throws {
        let ldap = try await LDAPDriver(over: LDAPDriver.direct)
        for (name, spelling) in [("muller", "müller"), ("strasse", "straße")] {
            ldap.directory.add(
                "uid=\(name),ou=people,dc=example", ["uid": [spelling], "objectClass": ["person"]], password: "own-password")
            #expect(await ldap.refusal(name, "own-password")?.code == .invalidRequest)
        }
        ldap.directory.add("uid=bob,ou=people,dc=example", ["uid": ["Bob"], "objectClass": ["person"]], password: "own-password")
        #expect(await ldap.refusal("bob", "own-password") == nil)
    }
}
