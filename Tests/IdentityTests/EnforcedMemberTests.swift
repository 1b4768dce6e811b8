import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Entities and groups that an MFA login enforcement names")
struct EnforcedMemberTests {
    private let identity = IdentityDriver(isAuthType: ["userpass", "approle"])

    private func enforce(_ name: String, _ body: JSONObject) async throws {
        let method = try await identity.data(.update, "mfa/method/totp", ["issuer": "Coffer"])["method_id"]
        var body = body
        body["mfa_method_ids"] = .array([method ?? .null])
        try await identity.send(.update, "mfa/login-enforcement/\(name)", body)
    }

    @Test("are not deleted, by id or by name, until it names them no more")
    func deletion() async throws {
        let (ann, staff) = (try await identity.entity("ann"), try await identity.group("staff"))
        try await enforce("people", ["identity_entity_ids": [.string(ann)], "identity_group_ids": [.string(staff)]])
        for (path, what) in [
            ("entity/id/\(ann)", "entity"), ("entity/name/ann", "entity"), ("group/id/\(staff)", "group"),
            ("group/name/staff", "group"),
        ] {
            let refusal = await identity.refusal(.delete, path)
            #expect(refusal?.code == .invalidRequest)
            #expect(
                refusal?.messages.first?.utf8.starts(with: "the \(what) is named by the MFA login enforcement people".utf8) == true)
        }
        #expect(try await identity.data(.read, "entity/id/\(ann)")["name"] == "ann")
        try await identity.send(.delete, "group/name/others")
        try await identity.send(.update, "mfa/login-enforcement/people", ["identity_group_ids": []])
        try await identity.send(.delete, "group/id/\(staff)")
        #expect(await identity.refusal(.delete, "entity/id/\(ann)") != nil)
        try await identity.send(.delete, "mfa/login-enforcement/people")
        try await identity.send(.delete, "entity/id/\(ann)")
    }

    @Test("stay named when they are merged into another entity")
    func merged() async throws {
        let (ann, bob) = (try await identity.entity("ann"), try await identity.entity("bob"))
        try await enforce("ann", ["identity_entity_ids": [.string(ann)]])
        try await identity.send(.update, "entity/merge", ["from_entity_ids": [.string(ann)], "to_entity_id": .string(bob)])
        #expect(await identity.refusal(.delete, "entity/id/\(bob)")?.code == .invalidRequest)
    }

    @Test("cannot be deleted between the decision and the commit of an enforcement on another node")
    func race() async throws {
        let ann = try await identity.entity("ann")
        let method = try await identity.data(.update, "mfa/method/totp", ["issuer": "Coffer"])["method_id"]?.stringValue ?? ""
        let other = IdentityDriver(storage: identity.storage, time: identity.time, seed: 9, isAuthType: ["userpass"])
        async let deleted = identity.refusal(.delete, "entity/id/\(ann)")
        async let enforced = other.refusal(
            .update, "mfa/login-enforcement/x", ["mfa_method_ids": [.string(method)], "identity_entity_ids": [.string(ann)]])
        let outcome = await (deleted, enforced)
        #expect((outcome.0 == nil) != (outcome.1 == nil), "\(outcome)")
    }
}
