internal import CofferClient

extension CommandFailure {
    init(login error: ClientError, mount: String, method: String) {
        self.init(error, doing: "Error authenticating", sentToken: true)
        guard error.code == .api, let status = error.status, [400, 403, 404].contains(status) else { return }
        // The advice about tokens and policies does not fit where none was sent.
        question = nil
        let said = error.errors.joined(separator: "\n").lowercased()
        let unmounted =
            "Nothing is mounted at auth/\(mount)/. Name its place with -path, or mount it: "
            + "`coffer auth enable \(mount == method ? "" : "-path=\(mount) ")\(method)`."
        if status == 404 || said.contains("no handler for route") {
            hint = unmounted
        } else if status == 403 {
            hint =
                "If you failed several times, the account may be locked for some minutes. Otherwise see whether the method is mounted "
                + "at auth/\(mount)/: name its place with -path, or mount it with "
                + "`coffer auth enable \(mount == method ? "" : "-path=\(mount) ")\(method)`."
        } else {
            hint = "Check what you gave. After several failures in a row an account may be locked for some minutes."
        }
    }

    /// A token that was to be kept, and is none.
    init(token error: ClientError) {
        self.init(error, doing: "Error authenticating", sentToken: true)
        guard error.code == .api, error.status == 403 else { return }
        question = nil
        hint = "The token is invalid, has expired, or may not look itself up. Ask for a new one, or log in with -method."
    }

    init(unwrapping error: ClientError) {
        self.init(error, doing: "Error unwrapping", sentToken: true)
        guard error.code == .api, error.status == 400 || error.status == 403 || error.status == 404 else { return }
        question = nil
        hint = """
            A wrapping token works once and for a short time. If it should still be good and you have not used it, somebody else
            may have read what it held: treat that as disclosed, and tell whoever wrapped it.
            """
    }
}
