import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Every auth method, asked again") struct RenewalContract {
    private func renewed(_ driver: AuthDriver, _ grant: AuthGrant) async throws -> AuthGrant {
        let method = try #require(driver.method as? any AuthMethod)
        return try await method.renewal(
            of:
                HeldLogin(metadata: grant.metadata, facts: grant.facts, certificateChain: driver.certificateChain))
    }

    @Test("says what a login would be granted today", arguments: AuthMethodSubject.all)
    func today(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver(["token_policies": "dev"])
        let (path, body) = try await subject.login(driver)
        let grant = try await driver.grant(path, body)
        var same = try await renewed(driver, grant)
        #expect((same.policies, same.terms, same.aliasName) == (grant.policies, grant.terms, grant.aliasName))
        try await driver.send(
            .update, subject.account, ["token_policies": "ops", "token_ttl": 60, "token_bound_cidrs": ["10.0.0.0/8"]])
        same = try await renewed(try driver.restarted(), grant)
        let fresh = try await driver.grant(path, body, from: "10.1.1.1")
        #expect((same.policies, same.terms) == (fresh.policies, fresh.terms))
        #expect(same.policies == ["ops"] && same.terms.ttl == 60 && same.terms.boundCIDRs == ["10.0.0.0/8"])
    }

    @Test("refuses an account that is gone, and another of the same name", arguments: AuthMethodSubject.withAccounts)
    func gone(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        let (path, body) = try await subject.login(driver)
        let grant = try await driver.grant(path, body)
        try await driver.send(.delete, subject.account)
        await #expect(throws: CofferError.self) { try await renewed(driver, grant) }
        try await subject.write(driver, [:])
        await #expect(throws: CofferError.self) { try await renewed(driver, grant) }
    }

    @Test(
        "knows the logins of versions that noted nothing, and refuses what never was one",
        arguments: AuthMethodSubject.all.filter(\.hasFormerLogins))
    func former(subject: AuthMethodSubject) async throws {
        let driver = try await subject.driver()
        let (path, body) = try await subject.login(driver)
        var grant = try await driver.grant(path, body)
        grant.facts = [:]
        guard !subject.takesStatements else {
            await #expect(throws: CofferError.self) { try await renewed(driver, grant) }
            return
        }
        #expect(try await renewed(driver, grant).aliasName == grant.aliasName)
        for metadata in [[:], ["username": "", "role_name": ""], ["username": "../app", "role_name": "nobody"]] {
            grant.metadata = metadata
            await #expect(throws: CofferError.self) { try await renewed(driver, grant) }
        }
    }

    @Test("without its storage says nothing", arguments: AuthMethodSubject.all)
    func failingStorage(subject: AuthMethodSubject) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let driver = try await subject.driver(storage: storage)
        let (path, body) = try await subject.login(driver)
        let grant = try await driver.grant(path, body)
        storage.failReads()
        await #expect(throws: StorageError.self) { try await renewed(driver, grant) }
    }
}
