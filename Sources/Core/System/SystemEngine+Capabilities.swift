import EngineKit
import Policy
import Syntax

extension SystemEngine {
    private static let pathsMax = 1_000

    var capabilityPaths: [EnginePath] {
        let paths = Field("paths", .strings, "Paths to ask about.")
        let path = Field("path", .strings, deprecated: true, "Use paths.")
        return [
            EnginePath(
                "capabilities", "What a token may do.",
                fields: [Field("token", .string, required: true, "The token."), paths, path],
                endpoints: [
                    .update: .init("Capabilities of a token on paths.", changesNothing: true) { request in
                        let held = try await tokens.policies(ofToken: request.fields.string("token") ?? "")
                        return try await capabilities(request, held)
                    }
                ]),
            EnginePath(
                "capabilities-accessor", "What the token of an accessor may do.",
                fields: [Field("accessor", .string, required: true, "Accessor of the token."), paths, path],
                endpoints: [
                    .update: .init("Capabilities of a token on paths.", changesNothing: true) { request in
                        let held = try await tokens.policies(ofAccessor: request.fields.string("accessor") ?? "")
                        return try await capabilities(request, held)
                    }
                ]),
            EnginePath(
                "capabilities-self", "What the calling token may do.",
                fields: [Field("token", .string, "Ignored: the calling token is asked about."), paths, path],
                endpoints: [
                    .update: .init("Capabilities of the calling token on paths.", changesNothing: true) { request in
                        try await capabilities(request, request.caller?.policies ?? [])
                    }
                ]),
        ]
    }

    private func capabilities(_ request: Request, _ held: [String]) async throws -> Response {
        let paths = request.fields.strings("paths") ?? request.fields.strings("path") ?? []
        guard !paths.isEmpty else { throw CofferError.invalid("paths must be supplied") }
        guard paths.count <= Self.pathsMax else {
            throw CofferError.invalid("at most \(Self.pathsMax) paths may be asked about at once")
        }
        let acl = try await policies.acl(held)
        var data = JSONObject()
        for path in paths {
            let canonical: CanonicalPath
            do {
                canonical = try CanonicalPath(decoded: path.hasPrefix("/") ? String(path.dropFirst()) : path)
            } catch {
                throw CofferError.invalid("a path of 'paths' is not acceptable: \(error.rawValue)")
            }
            data[path] = .strings(acl.capabilities(path: canonical.description).names)
        }
        if paths.count == 1 { data["capabilities"] = data[paths[0]] }
        return .data(data)
    }
}

/// The policies behind tokens, for questions about what they allow.
struct TokenAccess: Sendable {
    let ofToken: @Sendable (String) async throws -> [String]?
    let ofAccessor: @Sendable (String) async throws -> [String]?

    func policies(ofToken token: String) async throws -> [String] {
        guard let policies = try await ofToken(token) else { throw CofferError(.invalidRequest, "invalid token") }
        return policies
    }

    func policies(ofAccessor accessor: String) async throws -> [String] {
        guard let policies = try await ofAccessor(accessor) else { throw CofferError(.invalidRequest, "invalid accessor") }
        return policies
    }
}
