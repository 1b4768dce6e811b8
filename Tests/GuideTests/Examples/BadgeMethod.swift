import EngineKit
import Records
import SecretMemory
import Syntax

/// A badge, as it is stored: a random code, and the policies of its holder.
struct Badge: Record {
    var code: String
    var policies: [String]

    init(code: String, policies: [String]) {
        self.code = code
        self.policies = policies
    }

    var stored: JSONObject { ["code": .string(code), "policies": .strings(policies)] }

    init?(stored: JSONObject) {
        guard let code = stored["code"]?.stringValue, let policies = stored["policies"]?.arrayValue else { return nil }
        self.init(code: code, policies: policies.compactMap(\.stringValue))
    }
}

/// An auth method for machines that show a badge.
struct BadgeMethod: AuthMethod {
    static let description = EngineDescription(type: "badge", summary: "Logs in with a badge.", make: { BadgeMethod($0) })

    let paths: [EnginePath]
    private let badges: RecordTable<Badge>

    init(_ context: MountContext) {
        badges = RecordTable<Badge>(storage: context.storage, prefix: "badge/")
        paths = [Self.badge(in: badges, context.randomness), Self.login(with: badges)]
    }

    func renewal(of login: HeldLogin) async throws -> AuthGrant {
        guard let name = login.facts["badge"], let badge = try await badges.find(name)?.value else {
            throw CofferError(.permissionDenied, "the badge of this login no longer exists")
        }
        return Self.grant(name, badge)
    }

    private static func grant(_ name: String, _ badge: Badge) -> AuthGrant {
        var grant = AuthGrant(displayName: name, policies: badge.policies, aliasName: name)
        grant.facts = ["badge": name]
        return grant
    }
}

extension BadgeMethod {
    private static let name = Field("name", .string, "The name of the badge.")

    private static func badge(in badges: RecordTable<Badge>, _ randomness: any Randomness) -> EnginePath {
        EnginePath(
            "badges/{name}", "A badge.", fields: [name, Field("policies", .strings, "The policies of the holder.")]
        )
        .updating("Create a badge, or replace its code and policies.") { request in
            let code = Base64.encode(randomness.bytes(32), as: .url)
            let badge = Badge(code: code, policies: request.fields.strings("policies") ?? [])
            try await badges.edit(request.captures["name"]) { stored, _ in stored = badge }
            return .data(["code": .string(code)])
        }
        .deleting("Delete a badge.") { try await badges.delete($0.captures["name"]) }
    }

    private static func login(with badges: RecordTable<Badge>) -> EnginePath {
        EnginePath(
            "login/{name}", "Log in.", fields: [name, Field("code", .string, "The code of the badge.")],
            access: .unauthenticated
        )
        .updating("Log in with a badge.") { request in
            let name = request.captures["name"]
            let badge = try await badges.find(name)?.value
            // A badge that does not exist is compared as well, and refused with the same words.
            let isRight = constantTimeEqual(
                Array((request.fields.string("code") ?? "").utf8), Array((badge?.code ?? "").utf8))
            guard isRight, let badge else { throw CofferError.denied }
            return Response(.none, auth: .grant(grant(name, badge)))
        }
    }
}
