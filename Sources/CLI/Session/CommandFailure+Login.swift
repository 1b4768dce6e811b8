internal import CofferClient

extension CommandFailure {
    init(login error: ClientError, mount: String, method: String) {
        self.init(error, doing: "Error authenticating", sentToken: true)
        guard error.code == .api else { return }
        // The advice about tokens and policies does not fit where none was sent.
        if error.status == 403 || error.status == 404 {
            message = Self.withoutAdvice(error)
            message +=
                "\n\nIs the method mounted at auth/\(mount)/? Name its place with -path, or mount it with "
                + "`coffer auth enable \(mount == method ? "" : "-path=\(mount) ")\(method)`."
        } else if error.status == 400 {
            message = Self.withoutAdvice(error)
            message += "\n\nCheck what you gave; after several failures in a row a name may be locked for some minutes."
        }
    }

    init(unwrapping error: ClientError) {
        self.init(error, doing: "Error unwrapping", sentToken: true)
        guard error.code == .api, error.status == 400 || error.status == 403 || error.status == 404 else { return }
        message = Self.withoutAdvice(error, doing: "Error unwrapping")
        message += """


            A wrapping token works once and for a short time. If it should still be good and you have not used it, somebody else
            may have read what it held: treat that as disclosed, and tell whoever wrapped it.
            """
    }

    private static func withoutAdvice(_ error: ClientError, doing: String = "Error authenticating") -> String {
        doing + ": " + apiText(error)
    }
}
