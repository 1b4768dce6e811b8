internal import CofferClient
internal import Syntax

extension Session {
    /// Returns a failure with the hint that its question leads to. The server is asked with read requests only.
    func answering(_ failure: CommandFailure) async -> CommandFailure {
        var failure = failure
        switch failure.question {
        case .sealed: failure.hint = await sealHint()
        case .refused(let path, let method):
            // The server has told callers that may list the mounts.
            let isSaid = failure.refusal?.errors.contains { $0.utf8.starts(with: "No secrets engine is mounted at ".utf8) }
            if isSaid == true { break }
            let isList = method == .list || failure.refusal?.response?.url.contains("?list=true") == true
            failure.hint = await refusalHint(path, isList ? .list : method)
        case .usage, nil: break
        }
        return failure
    }

    private func sealHint() async -> String {
        let type = try? await lookupClient().sys.sealStatus()["type"]?.stringValue
        guard let type, type != "shamir" else {
            return "Unseal it with `coffer operator unseal`, once for each key share that it needs."
        }
        return
            "Its seal (\(type)) takes no key shares: the server unseals automatically once it has its key. Its log says what is missing."
    }

    private func refusalHint(_ path: String, _ method: ClientMethod) async -> String {
        let mounts = "sys/internal/ui/mounts/"
        let place = path.rest(after: mounts)
        let data: JSONObject
        do throws(ClientError) {
            data = try await lookupClient().tokens.lookupSelf()
        } catch {
            guard error.code == .api, error.status == 403 else {
                return
                    "The token may be invalid or not allowed to do this; check it with `coffer token capabilities \(place ?? path)`."
            }
            return """
                Your token is invalid or has expired. Log in again: `coffer login`.
                (A valid token whose policies do not allow it to look itself up gets the same answer.)
                """
        }
        let policies = ["policies", "identity_policies"].flatMap { data[$0]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        if let place {
            let mount = (place.cut(at: "/")?.before ?? place) + "/"
            let isRoot = policies.contains("root")
            return
                (isRoot
                ? "No secrets engine is mounted at \(mount)."
                : "No secrets engine is mounted at \(mount), or your token (policies: \(policies.joined(separator: ", "))) has no access to it.")
                + " See `coffer secrets list`, or mount one: `coffer secrets enable -path=\(ArgumentText.path(mount)) kv-v2`"
        }
        return """
            Your token (policies: \(policies.joined(separator: ", "))) may not \(Self.capability(method)) `\(path)`.
            `coffer token capabilities \(path)` shows what it is allowed to do there.
            """
    }

    private static func capability(_ method: ClientMethod) -> String {
        switch method {
        case .get, .head: "`read`"
        case .list: "`list`"
        case .post, .put: "`create` or `update`"
        case .patch: "`patch`"
        case .delete: "`delete`"
        }
    }
}
