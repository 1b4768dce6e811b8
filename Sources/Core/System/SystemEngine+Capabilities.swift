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
                "capabilities", "Returns what a token may do.",
                fields: [Field("token", .string, required: true, "The token."), paths, path],
                endpoints: [
                    .update: .init("Capabilities of a token on paths.", changesNothing: true) { request in
                        try capabilities(request, try await tokens.acl(ofToken: request.fields.text("token")))
                    }
                ]),
            EnginePath(
                "capabilities-accessor", "Returns what the token of an accessor may do.",
                fields: [Field("accessor", .string, required: true, "Accessor of the token."), paths, path],
                endpoints: [
                    .update: .init("Capabilities of a token on paths.", changesNothing: true) { request in
                        try capabilities(request, try await tokens.acl(ofAccessor: request.fields.text("accessor")))
                    }
                ]),
            EnginePath(
                "capabilities-self", "Returns what the calling token may do.",
                fields: [Field("token", .string, "Ignored: the calling token is asked about."), paths, path],
                endpoints: [
                    .update: .init("Capabilities of the calling token on paths.", changesNothing: true) { request in
                        try capabilities(request, try await access.acl(of: request.caller), narrowing: request.narrowing)
                    }
                ]),
        ]
    }

    private func capabilities(_ request: Request, _ acl: ACL, narrowing: Narrowing? = nil) throws -> Response {
        let paths = request.fields.strings("paths") ?? request.fields.texts("path")
        guard !paths.isEmpty else { throw CofferError.invalid("paths must be supplied") }
        guard paths.count <= Self.pathsMax else {
            throw CofferError.invalid("at most \(Self.pathsMax) paths may be asked about at once")
        }
        var data = JSONObject()
        for path in paths {
            let canonical: CanonicalPath
            do {
                canonical = try CanonicalPath(decoded: path.hasUTF8Prefix("/") ? String(path.dropFirstUTF8()) : path)
            } catch {
                throw CofferError.invalid("a path of 'paths' is not acceptable: \(error.rawValue)")
            }
            data[path] = .strings(acl.capabilities(path: canonical.description).narrowed(narrowing, canonical.description).names)
        }
        if paths.count == 1 { data["capabilities"] = data[paths[0]] }
        return .data(data)
    }
}

extension CapabilitySet {
    /// What credentials that were narrowed leave of these on a path.
    fileprivate func narrowed(_ narrowing: Narrowing?, _ path: String) -> CapabilitySet {
        guard let narrowing, !contains(.deny) else { return self }
        let operations: [(CapabilitySet, Operation)] = [
            (.create, .create), (.read, .read), (.update, .update), (.patch, .patch), (.delete, .delete), (.list, .list),
        ]
        var left: CapabilitySet = []
        for (capability, operation) in operations where contains(.root) || contains(capability) {
            if narrowing(operation, path) { left.insert(capability) }
        }
        // Sudo alone allows nothing.
        if !left.isEmpty, contains(.root) || contains(.sudo) { left.insert(.sudo) }
        return left
    }
}

/// What tokens may do, for questions about them.
struct TokenAccess: Sendable {
    let ofToken: @Sendable (String) async throws -> ACL?
    let ofAccessor: @Sendable (String) async throws -> ACL?

    func acl(ofToken token: String) async throws -> ACL {
        guard let acl = try await ofToken(token) else { throw CofferError(.invalidRequest, "invalid token") }
        return acl
    }

    func acl(ofAccessor accessor: String) async throws -> ACL {
        guard let acl = try await ofAccessor(accessor) else { throw CofferError(.invalidRequest, "invalid accessor") }
        return acl
    }
}
