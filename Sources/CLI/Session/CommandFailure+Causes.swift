import Syntax

internal import CofferClient

extension CommandFailure {
    /// What an answer's text says about its cause, and so what to do next.
    mutating func advise(on error: ClientError, sentToken: Bool) {
        let said = error.errors.joined(separator: "\n").lowercased()
        let path = Self.path(of: error)
        let warnings = error.response?.secret?.warnings ?? []
        if warnings.contains(where: { $0.utf8.starts(with: "Invalid path for a versioned K/V".utf8) }) {
            hint = "Secrets of a KV version 2 mount have commands of their own: `coffer kv \(Self.kvCommand(error.method))`."
        } else if said.contains("not initialized") {
            guard !said.contains("coffer operator init") else { return }
            hint = "Set it up once with `coffer operator init`."
        } else if said.contains("sealed") {
            // The newer servers say themselves what opens them.
            guard !said.contains("coffer operator"), !said.contains("server's log") else { return }
            question = .sealed
        } else if path.utf8.starts(with: "auth/token/".utf8), said.contains("not renewable") {
            hint = "A token made with -renewable=false, and one without an end such as a root token, has no TTL to renew."
        } else if said.contains("lease not found") || said.contains("lease is not renewable") {
            hint = "`coffer list sys/leases/lookup/PREFIX` shows the leases there are; an expired one has to be asked for anew."
        } else if Self.namesToken(path), ["bad token", "invalid accessor", "token not found"].contains(where: said.contains) {
            hint = "The token or accessor given is unknown, or has expired or been revoked."
        } else if said.contains("no handler for route") || said.contains("unsupported path") {
            hint = Self.routeAdvice(path)
        } else if error.status == 403 || said.contains("missing client token") {
            guard sentToken else {
                hint =
                    ["sys/generate-root", "sys/rekey", "sys/rotate/root", "sys/rotate/recovery"].contains(where: path.hasUTF8Prefix)
                    ? "This needs a token with sudo. If there is none left, set `allow_unauthenticated_rekey = true` in the "
                        + "configuration, restart, and give the key shares; see \"A lost root token\" in docs/cli.md."
                    : "No token was sent. Log in with `coffer login`, or set COFFER_TOKEN (or VAULT_TOKEN)."
                return
            }
            question = .refused(path: path, method: error.method ?? .get)
        }
    }

    private static func kvCommand(_ method: ClientMethod?) -> String {
        switch method {
        case .delete: "delete"
        case .list: "list"
        case .patch: "patch"
        case .post, .put: "put"
        default: "get"
        }
    }

    /// A request about a token that was given, other than the one that it was made with.
    private static func namesToken(_ path: String) -> Bool {
        ["lookup", "renew", "revoke"].contains { name in
            [name, name + "-accessor", name + "-orphan"].contains { path.utf8.elementsEqual("auth/token/\($0)".utf8) }
        } || path.utf8.starts(with: "sys/capabilities".utf8)
    }

    private static func routeAdvice(_ path: String) -> String {
        if path.utf8.starts(with: "sys/".utf8) {
            return "This server has no such route. `coffer path-help sys/` lists those that there are."
        }
        return "Nothing answers there: see `coffer secrets list` and `coffer auth list` for what is mounted, and "
            + "`coffer path-help MOUNT/` for its paths. Secrets of a KV mount are read with `coffer kv get`."
    }

    /// Below `/v1/`, as it was sent and without the query.
    static func path(of error: ClientError) -> String {
        guard let url = error.url?.utf8, let start = (error.url ?? "").firstRange(of: "/v1/")?.upperBound else { return "" }
        return String(Substring(url[start...].prefix { $0 != UInt8(ascii: "?") }))
    }
}
