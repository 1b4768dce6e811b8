import EngineKit
import Policy
import Syntax

extension SystemEngine {
    private static let pathsMax = 1_000

    /// The paths that return what tokens may do.
    var capabilityPaths: [EnginePath] {
        let paths = Field("paths", .strings, "Paths to check.")
        let path = Field("path", .strings, deprecated: true, "Use paths.")
        return [
            EnginePath(
                "capabilities", "Returns what a token may do.",
                fields: [Field("token", .string, required: true, "The token."), paths, path]
            )
            .updating("Read the capabilities of a token on paths.", changesNothing: true) { request in
                try capabilities(request, try await tokens.acl(ofToken: request.fields.text("token")))
            },
            EnginePath(
                "capabilities-accessor", "Returns what the token of an accessor may do.",
                fields: [Field("accessor", .string, required: true, "Accessor of the token."), paths, path]
            )
            .updating("Read the capabilities of a token on paths.", changesNothing: true) { request in
                try capabilities(request, try await tokens.acl(ofAccessor: request.fields.text("accessor")))
            },
            EnginePath(
                "capabilities-self", "Returns what the calling token may do.",
                fields: [Field("token", .string, "Ignored: the calling token is checked."), paths, path]
            )
            .updating("Read the capabilities of the calling token on paths.", changesNothing: true) { request in
                try capabilities(request, try await access.acl(of: request.caller), narrowing: request.narrowing)
            },
        ]
    }

    private func capabilities(_ request: Request, _ acl: ACL, narrowing: Narrowing? = nil) throws -> Response {
        let paths = request.fields.strings("paths") ?? request.fields.texts("path")
        guard !paths.isEmpty else { throw CofferError.invalid("paths must be supplied") }
        guard paths.count <= Self.pathsMax else {
            throw CofferError.invalid("at most \(Self.pathsMax) paths can be checked in one request")
        }
        var data = JSONObject()
        for path in paths {
            let canonical = try Self.canonicalPath(path, as: "one of 'paths'")
            data[path] = .strings(acl.capabilities(path: canonical.description).narrowed(narrowing, canonical.description).names)
        }
        if paths.count == 1 { data["capabilities"] = data[paths[0]] }
        return .data(data)
    }
}

extension CapabilitySet {
    /// Returns the capabilities on a path that the limits of narrowed credentials leave.
    fileprivate func narrowed(_ narrowing: Narrowing?, _ path: String) -> CapabilitySet {
        guard let narrowing, !contains(.deny) else { return self }
        let operations: [(CapabilitySet, Operation)] = [
            (.create, .create), (.read, .read), (.update, .update), (.patch, .patch), (.delete, .delete), (.list, .list),
        ]
        var left: CapabilitySet = []
        for (capability, operation) in operations where contains(.root) || contains(capability) {
            if narrowing(operation, path) { left.insert(capability) }
        }
        // Sudo without another capability allows nothing.
        if !left.isEmpty, contains(.root) || contains(.sudo) { left.insert(.sudo) }
        return left
    }
}

/// Returns what any token, not only the caller's, may do.
struct TokenAccess: Sendable {
    let ofToken: @Sendable (String) async throws -> ACL?
    let ofAccessor: @Sendable (String) async throws -> ACL?

    /// Returns what a token may do. Throws if it is not valid.
    func acl(ofToken token: String) async throws -> ACL {
        guard let acl = try await ofToken(token) else { throw CofferError(.invalidRequest, "invalid token") }
        return acl
    }

    /// Returns what the token of an accessor may do. Throws if the accessor is unknown.
    func acl(ofAccessor accessor: String) async throws -> ACL {
        guard let acl = try await ofAccessor(accessor) else { throw CofferError(.invalidRequest, "invalid accessor") }
        return acl
    }
}
