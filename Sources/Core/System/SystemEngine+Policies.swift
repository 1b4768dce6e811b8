import EngineKit
import Foundation
import Syntax

extension SystemEngine {
    private static let policyFields = [
        Field("name", .string, "Name of the policy."),
        Field("policy", .string, "Text of the policy in HCL or JSON, or the base64 of either."),
        Field("rules", .string, deprecated: true, "Use policy."),
    ]

    /// The paths of policies.
    var policyPaths: [EnginePath] {
        [
            EnginePath(
                "policies/acl", "Lists the policies.", fields: Paging.fields,
                endpoints: [.list: .init("List policies.", changesNothing: true) { try await listPolicies($0) }]),
            EnginePath(
                "policies/acl/{name...}", "Reads, writes and deletes a policy.", fields: Self.policyFields,
                endpoints: [
                    .read: .init("Read a policy.", changesNothing: true) { request in
                        let (name, text) = try await policy(request)
                        return .data(["name": .string(name), "policy": .string(text)])
                    },
                    .update: .init("Create or replace a policy.") { try await writePolicy($0) },
                    .delete: .init("Delete a policy.") { try await deletePolicy($0) },
                ]),
            EnginePath(
                "policy", "Lists the policies, at an older path.", fields: Paging.fields,
                endpoints: [
                    .read: .init("List policies.", changesNothing: true) { try await listPolicies($0, isLegacy: true) },
                    .list: .init("List policies.", changesNothing: true) { try await listPolicies($0, isLegacy: true) },
                ]),
            EnginePath(
                "policy/{name...}", "Reads, writes and deletes a policy, at an older path.", fields: Self.policyFields,
                endpoints: [
                    .read: .init("Read a policy.", changesNothing: true) { request in
                        let (name, text) = try await policy(request)
                        return .data(["name": .string(name), "rules": .string(text)])
                    },
                    .update: .init("Create or replace a policy.") { try await writePolicy($0) },
                    .delete: .init("Delete a policy.") { try await deletePolicy($0) },
                ]),
        ]
    }

    private func listPolicies(_ request: Request, isLegacy: Bool = false) async throws -> Response {
        let paging = Paging(request.fields)
        let names = try await policies.names(after: paging.after, limit: paging.limit)
        var data: JSONObject = ["keys": .strings(names)]
        if isLegacy { data["policies"] = .strings(names) }
        return .data(data)
    }

    private func policy(_ request: Request) async throws -> (String, String) {
        let asked = request.captures["name"]
        guard let name = try? PolicyName(asked).text, let text = try await policies.text(name) else {
            throw CofferError(.notFound, "No policy named: \(asked)")
        }
        // The root policy has no text. Clients take an empty one for a policy that does not exist.
        return (name, name == PolicyName.root.text ? "" : text)
    }

    private func writePolicy(_ request: Request) async throws -> Response {
        let name = try PolicyNames.normalized(request.captures["name"])
        guard let text = request.fields.string("policy") ?? request.fields.string("rules"), !text.isEmpty else {
            throw CofferError.invalid("'policy' parameter not supplied or empty")
        }
        try await policies.write(name, text: Self.decodingBase64(text))
        return .empty
    }

    /// Returns the text, decoded if it is base64. No policy in HCL or JSON is valid base64 by accident.
    static func decodingBase64(_ text: String) -> String {
        guard let bytes = Base64.decode(text, allowing: .strayBits), let decoded = String(validating: bytes, as: UTF8.self) else {
            return text
        }
        return decoded
    }

    private func deletePolicy(_ request: Request) async throws -> Response {
        // No policy has an invalid name, so there is nothing to delete.
        if let name = try? PolicyName(request.captures["name"]).text { try await policies.delete(name) }
        return .empty
    }
}
