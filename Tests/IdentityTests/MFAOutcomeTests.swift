import EngineKit
import StoreKit
import Syntax
import TestSupport
import Testing

@testable import Identity

@Suite("Rules of second factors when the store fails")
struct MFAOutcomeTests {
    private let failing: FailingStorage
    private let identity: IdentityDriver

    init() {
        failing = FailingStorage(StampingStorage(MemoryStorage()))
        identity = IdentityDriver(storage: failing, isAuthType: ["userpass"])
    }

    private func constraints() throws(CofferError) -> [String] {
        try identity.store.mfa.constraints(accessor: "a", type: "userpass", entity: nil).map(\.name)
    }

    private func enforce() async throws {
        let id = try await identity.data(.update, "mfa/method/totp", ["issuer": "Coffer"])["method_id"] ?? .null
        try await identity.send(
            .update, "mfa/login-enforcement/one", ["mfa_method_ids": [id], "auth_method_types": ["userpass"]])
    }

    @Test("an enforcement whose commit was made although it failed holds from then on")
    func madeAllTheSame() async throws {
        failing.failCommit(2, .after)
        await #expect(throws: StorageError.self) { try await enforce() }
        #expect(try constraints() == ["one"])
        failing.failCommit(1, .after)
        await #expect(throws: StorageError.self) { try await identity.send(.delete, "mfa/login-enforcement/one") }
        #expect(try constraints() == [])
    }

    @Test("no login is let in from when the rules could not be read until they were")
    func unread() async throws {
        #expect(try constraints() == [])
        failing.failReads()
        await #expect(throws: StorageError.self) { try await identity.store.mfa.load() }
        failing.heal()
        let refusal = #expect(throws: CofferError.self) { try constraints() }
        #expect(refusal?.code == .unavailable && identity.store.mfa.isOutdated)
        try await identity.store.mfa.loadIfOutdated()
        #expect(try constraints() == [] && !identity.store.mfa.isOutdated)
        try await enforce()
        #expect(try constraints() == ["one"])
    }

    @Test("an enforcement that was made, and could not be read afterwards, lets nobody in without it")
    func madeAndUnread() async throws {
        failing.failReads(afterCommit: 2)
        await #expect(throws: StorageError.self) { try await enforce() }
        failing.heal()
        #expect(throws: CofferError.self) { try constraints() }
        try await identity.store.mfa.loadIfOutdated()
        #expect(try constraints() == ["one"])
    }
}
