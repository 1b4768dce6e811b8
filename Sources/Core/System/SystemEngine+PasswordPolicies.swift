import EngineKit
import Syntax

extension SystemEngine {
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
                fields: [name, Field("policy", .string, "Its text in HCL or JSON, or the base64 of that.")],
                endpoints: [
                    .read: .init("Read a password policy.", changesNothing: true) { request in
                        guard let text = try await passwords.text(request.captures["name"]) else { throw CofferError.notFound }
                        return .data(["policy": .string(text)])
                    },
                    .update: .init("Make or change a password policy.") { request in
                        guard let text = request.fields.string("policy"), !text.isEmpty else {
                            throw CofferError.invalid("'policy' parameter not supplied or empty")
                        }
                        try await passwords.write(request.captures["name"], text: text)
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
                    .read: .init("Make a password.", changesNothing: true) { request in
                        .data(["password": .string(try await passwords.makePassword(request.captures["name"]))])
                    }
                ]),
        ]
    }
}
