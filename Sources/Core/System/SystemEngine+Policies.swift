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
        policyPaths("policies/acl", textName: "policy") + policyPaths("policy", textName: "rules", isLegacy: true)
    }

    private func policyPaths(_ root: String, textName: String, isLegacy: Bool = false) -> [EnginePath] {
        let older = isLegacy ? ", at an older path" : ""
        let list = EnginePath(PathPattern(root), "Lists the policies\(older).", fields: Paging.fields)
            .listing("List policies.") { try await listPolicies($0, isLegacy: isLegacy) }
        return [
            isLegacy ? list.reading("List policies.") { try await listPolicies($0, isLegacy: true) } : list,
            EnginePath(
                PathPattern(root + "/{name...}"), "Reads, writes and deletes a policy\(older).", fields: Self.policyFields
            )
            .reading("Read a policy.") { request in
                let (name, text) = try await policy(request)
                return .data(["name": .string(name), textName: .string(text)])
            }
            .updatingWithoutAnswer("Create or replace a policy.") { try await writePolicy($0) }
            .deleting("Delete a policy.") { request in
                // No policy has an invalid name, so there is nothing to delete.
                if let name = try? PolicyName(request.captures["name"]).text { try await policies.delete(name) }
            },
        ]
    }

    private func listPolicies(_ request: Request, isLegacy: Bool) async throws -> Response {
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

    private func writePolicy(_ request: Request) async throws {
        let name = try PolicyNames.normalized(request.captures["name"])
        guard let text = request.fields.string("policy") ?? request.fields.string("rules"), !text.isEmpty else {
            throw CofferError.invalid("'policy' parameter not supplied or empty")
        }
        try await policies.write(name, text: Self.decodingBase64(text))
    }

    /// Returns the text, decoded if it is base64. No policy in HCL or JSON is valid base64 by accident.
    static func decodingBase64(_ text: String) -> String {
        guard let bytes = Base64.decode(text, allowing: .strayBits), let decoded = String(validating: bytes, as: UTF8.self) else {
            return text
        }
        return decoded
    }
}
