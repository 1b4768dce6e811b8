import EngineKit
import Records
import Syntax

/// The paths `mfa/login-enforcement/…`.
extension IdentityEngine {
    var mfaEnforcementPaths: [EnginePath] {
        [
            EnginePath("mfa/login-enforcement", "List which logins need a second factor.", fields: Paging.fields)
                .listing("List the names.") { try listEnforcements($0) },
            EnginePath(
                "mfa/login-enforcement/{name}", "Manage which logins need a second factor.",
                details: "A login must satisfy every enforcement that applies to it, each by one of its methods.",
                fields: LoginEnforcement.settings.fields
            )
            .reading("Read an enforcement.") { request in
                let name = request.captures["name"]
                guard let found = store.mfa.rules.enforcements.first(where: { $0.name == name }) else {
                    throw CofferError.notFound
                }
                return .data(shown(found))
            }
            .updatingWithoutAnswer("Create or change an enforcement.") { request in
                try await store.mfa.writeEnforcement(request.captures["name"], request.fields, check: checkMounts)
            }
            .deleting("Delete an enforcement.") { try await store.mfa.deleteEnforcement($0.captures["name"]) },
        ]
    }

    /// Throws unless the auth mounts and types of an enforcement exist and have logins. Tokens are created by callers that have
    /// logged in, so `auth/token/` has none.
    private func checkMounts(_ enforcement: LoginEnforcement) throws(CofferError) {
        for accessor in enforcement.mountAccessors {
            guard let mount = mount(accessor), mount.isAuth else {
                throw .invalid("one of the auth method accessors provided is invalid")
            }
            guard mount.type != "token" else { throw Self.noLogins }
        }
        for type in enforcement.mountTypes {
            guard type != "token" else { throw Self.noLogins }
            guard isAuthType(type) else { throw .invalid("one of the auth method types provided is invalid") }
        }
    }

    private static let noLogins = CofferError.invalid(
        "tokens are created by callers that have logged in, so an enforcement for the method token would apply to no login")

    private func listEnforcements(_ request: Request) throws -> Response {
        let all = store.mfa.rules.enforcements
        let names = Paging(request.fields).page(of: all.map(\.name))
        let page = names.compactMap { name in all.first { $0.name == name } }
        return try .keys(names, info: JSONObject(page.map { .init(key: $0.name, value: .object(shown($0))) }))
    }

    private func shown(_ enforcement: LoginEnforcement) -> JSONObject {
        var object = enforcement.shown
        object["name"] = .string(enforcement.name)
        object["namespace_id"] = "root"
        object["namespace_path"] = ""
        return object.sorted()
    }
}
