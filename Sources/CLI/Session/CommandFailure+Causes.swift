import Syntax

internal import CofferClient

extension CommandFailure {
    /// Sets the hint or the question that fits the text of an answer.
    mutating func advise(on error: ClientError, sentToken: Bool) {
        let said = error.errors.joined(separator: "\n").lowercased()
        let path = Self.path(of: error)
        let warnings = error.response?.secret?.warnings ?? []
        if Self.isAboutSecondFactor(error) {
            // The text of the server says what is wrong with the code.
            guard said.contains("incorrect") else { return }
            hint = "A code is valid for a short time, so the clock of the device must be right."
        } else if warnings.contains(where: { $0.utf8.starts(with: "Invalid path for a versioned K/V".utf8) }) {
            hint = "Use `coffer kv \(Self.kvCommand(error.method))` for the secrets of a KV version 2 mount."
        } else if said.contains("not initialized") {
            guard !said.contains("coffer operator init") else { return }
            hint = "Initialize it once with `coffer operator init`."
        } else if said.contains("sealed") {
            // Newer servers say what unseals them.
            guard !said.contains("coffer operator"), !said.contains("server's log") else { return }
            question = .sealed
        } else if path.utf8.starts(with: "auth/token/".utf8), said.contains("not renewable") {
            hint = "A token created with -renewable=false, or one that does not expire such as a root token, cannot be renewed."
        } else if said.contains("lease not found") || said.contains("lease is not renewable") {
            hint = "`coffer list sys/leases/lookup/PREFIX` lists the leases. When a lease has expired, request new credentials."
        } else if Self.namesToken(path), ["bad token", "invalid accessor", "token not found"].contains(where: said.contains) {
            hint = "The token or accessor is unknown, or the token has expired or been revoked."
        } else if said.contains("no handler for route") || said.contains("unsupported path") {
            hint = Self.routeAdvice(path)
        } else if error.status == 403 || said.contains("missing client token") {
            guard sentToken else {
                hint =
                    ["sys/generate-root", "sys/rekey", "sys/rotate/root", "sys/rotate/recovery"].contains(where: path.hasUTF8Prefix)
                    ? "This requires a token with sudo. If none is left, set `allow_unauthenticated_rekey = true` in the "
                        + "configuration, restart, and give the key shares; see \"A lost root token\" in docs/cli.md."
                    : "No token was sent. Log in with `coffer login`, or set COFFER_TOKEN (or VAULT_TOKEN)."
                return
            }
            question = .refused(path: path, method: error.method ?? .get)
        }
    }

    /// Returns whether a login was refused for its second factor, after everything else was right.
    static func isAboutSecondFactor(_ error: ClientError) -> Bool {
        error.errors.contains { $0.containsUTF8("failed to satisfy enforcement") }
    }

    /// Returns the `coffer kv` command for what a request with the method was meant to do.
    private static func kvCommand(_ method: ClientMethod?) -> String {
        switch method {
        case .delete: "delete"
        case .list: "list"
        case .patch: "patch"
        case .post, .put: "put"
        default: "get"
        }
    }

    /// Returns whether a request is about a token or accessor in its body.
    private static func namesToken(_ path: String) -> Bool {
        ["lookup", "renew", "revoke"].contains { name in
            [name, name + "-accessor", name + "-orphan"].contains { path.utf8.elementsEqual("auth/token/\($0)".utf8) }
        } || path.utf8.starts(with: "sys/capabilities".utf8)
    }

    private static func routeAdvice(_ path: String) -> String {
        if path.utf8.starts(with: "sys/".utf8) {
            return "This server has no such route. `coffer path-help sys/` lists the routes."
        }
        return "Nothing answers at this path. `coffer secrets list` and `coffer auth list` show what is mounted, and "
            + "`coffer path-help MOUNT/` lists the paths of a mount. Use `coffer kv get` to read secrets of a KV mount."
    }

    /// Returns the path of the request below `/v1/`, percent-encoded and without the query.
    static func path(of error: ClientError) -> String {
        guard let url = error.url?.utf8, let start = (error.url ?? "").firstRange(of: "/v1/")?.upperBound else { return "" }
        return String(Substring(url[start...].prefix { $0 != UInt8(ascii: "?") }))
    }
}
