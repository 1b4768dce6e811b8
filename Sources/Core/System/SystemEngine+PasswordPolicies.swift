import EngineKit
import Syntax

extension SystemEngine {
    /// The paths of password policies.
    var passwordPolicyPaths: [EnginePath] {
        let name = Field("name", .string, "Name of the password policy.")
        return [
            EnginePath("policies/password", "Lists the password policies.", fields: Paging.fields)
                .listing("List password policies.") { try .keys(try await passwords.names(Paging($0.fields))) },
            EnginePath(
                "policies/password/{name}", "Reads, writes and deletes a password policy.",
                fields: [name, Field("policy", .string, "Text of the policy in HCL or JSON, or the base64 of either.")]
            )
            .reading("Read a password policy.") { request in
                guard let text = try await passwords.text(request.captures["name"]) else { throw CofferError.notFound }
                return .data(["policy": .string(text)])
            }
            .updatingWithoutAnswer("Create or replace a password policy.") { request in
                guard let text = request.fields.string("policy"), !text.isEmpty else {
                    throw CofferError.invalid("'policy' parameter not supplied or empty")
                }
                try await passwords.write(request.captures["name"], text: Self.decodingBase64(text))
            }
            .deleting("Delete a password policy.") { try await passwords.delete($0.captures["name"]) },
            EnginePath("policies/password/{name}/generate", "Generates a password with a policy.", fields: [name])
                .reading("Generate a password.") { request in
                    .data(["password": .string(try await passwords.makePassword(request.captures["name"]))])
                },
        ]
    }
}
