import EngineKit
import Syntax

extension SystemEngine {
    /// The paths of password policies.
    var passwordPolicyPaths: [EnginePath] {
        let name = Field("name", .string, "Name of the password policy.")
        return [
            EnginePath(
                "policies/password", "Lists the password policies.", fields: Paging.fields,
                endpoints: [
                    .list: .init("List password policies.", changesNothing: true) { request in
                        try .keys(try await passwords.names(Paging(request.fields)))
                    }
                ]),
            EnginePath(
                "policies/password/{name}", "Reads, writes and deletes a password policy.",
                fields: [name, Field("policy", .string, "Text of the policy in HCL or JSON, or the base64 of either.")],
                endpoints: [
                    .read: .init("Read a password policy.", changesNothing: true) { request in
                        guard let text = try await passwords.text(request.captures["name"]) else { throw CofferError.notFound }
                        return .data(["policy": .string(text)])
                    },
                    .update: .init("Create or replace a password policy.") { request in
                        guard let text = request.fields.string("policy"), !text.isEmpty else {
                            throw CofferError.invalid("'policy' parameter not supplied or empty")
                        }
                        try await passwords.write(request.captures["name"], text: Self.decodingBase64(text))
                        return .empty
                    },
                    .delete: .init("Delete a password policy.") { request in
                        try await passwords.delete(request.captures["name"])
                        return .empty
                    },
                ]),
            EnginePath(
                "policies/password/{name}/generate", "Generates a password with a policy.", fields: [name],
                endpoints: [
                    .read: .init("Generate a password.", changesNothing: true) { request in
                        .data(["password": .string(try await passwords.makePassword(request.captures["name"]))])
                    }
                ]),
        ]
    }
}
