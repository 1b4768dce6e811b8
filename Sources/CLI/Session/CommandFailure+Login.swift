internal import CofferClient

extension CommandFailure {
    /// Creates the failure of a login.
    init(login error: ClientError, mount: String, method: String) {
        self.init(error, doing: "Error authenticating", sentToken: true)
        guard error.code == .api, let status = error.status, [400, 403, 404].contains(status), !Self.isAboutSecondFactor(error)
        else {
            return
        }
        // A login sends no token, so the hint about tokens and policies does not apply.
        question = nil
        let said = error.errors.joined(separator: "\n").lowercased()
        // The methods that count failures of a name.
        let locks = ["approle", "ldap", "userpass"].contains(method)
        let unmounted =
            "Nothing is mounted at auth/\(mount)/. Name the mount with -path, or enable the method: "
            + "`coffer auth enable \(mount == method ? "" : "-path=\(mount) ")\(method)`."
        if status == 404 || said.contains("no handler for route") {
            hint = unmounted
        } else if status == 403 {
            hint =
                (locks ? "After several failures the account may be locked for some minutes. Otherwise check" : "Check")
                + " that the method is mounted "
                + "at auth/\(mount)/: name the mount with -path, or enable the method with "
                + "`coffer auth enable \(mount == method ? "" : "-path=\(mount) ")\(method)`."
        } else {
            hint =
                "Check what you entered."
                + (locks ? " After several failures in a row an account may be locked for some minutes." : "")
        }
    }

    /// Creates the failure of logging in with a token that the server does not accept.
    init(token error: ClientError) {
        self.init(error, doing: "Error authenticating", sentToken: true)
        guard error.code == .api, error.status == 403 else { return }
        question = nil
        hint = "The token is invalid, has expired, or is not allowed to look itself up. Use another token, or log in with -method."
    }

    /// Creates the failure of unwrapping.
    init(unwrapping error: ClientError) {
        self.init(error, doing: "Error unwrapping", sentToken: true)
        guard error.code == .api, error.status == 400 || error.status == 403 || error.status == 404 else { return }
        question = nil
        hint = """
            A wrapping token works once and for a short time. If it should still be valid and you have not used it, someone else
            may have read the wrapped secret: treat it as disclosed, and tell the person who wrapped it.
            """
    }
}
