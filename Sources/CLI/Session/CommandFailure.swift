internal import CofferClient

/// Why a command ends without success, in words for the person at the terminal.
struct CommandFailure: Error {
    /// 1 for a local error, 2 for one of the server.
    var status: Int32
    /// For stderr; empty when everything has been said.
    var message: String

    static func local(_ message: String) -> CommandFailure { CommandFailure(status: 1, message: message) }
    static func server(_ message: String) -> CommandFailure { CommandFailure(status: 2, message: message) }
    static func quiet(_ status: Int32) -> CommandFailure { CommandFailure(status: status, message: "") }
    static func nothing(at path: String) -> CommandFailure { .server("No value found at \(path)") }
}

extension CommandFailure {
    /// - Parameters:
    ///   - doing: such as `Error reading secret/data/x`.
    ///   - sentToken: whether the request carried a token, for the advice on a 403.
    init(_ error: ClientError, doing: String?, sentToken: Bool) {
        let isLocal = error.code == .invalidAddress || error.code == .invalidConfiguration
        let prefix = doing.map { $0 + ": " } ?? ""
        var text = prefix + (error.code == .api ? Self.apiText(error) : Self.transportText(error))
        if let advice = Self.advice(error, sentToken: sentToken) { text += "\n\n" + advice }
        self.init(status: isLocal ? 1 : 2, message: text)
    }

    static func apiText(_ error: ClientError) -> String {
        var text =
            "Error making API request.\n\nURL: \(error.method?.rawValue ?? "GET") \(error.url ?? "")\nCode: \(error.status ?? 0)."
        if error.errors.isEmpty { return text + " The server gave no reason." }
        text += " Errors:\n"
        for item in error.errors { text += "\n* \(item)" }
        return text
    }

    private static func transportText(_ error: ClientError) -> String {
        let place = error.url.map { " (\(error.method?.rawValue ?? "GET") \($0))" } ?? ""
        return error.message + place
    }

    /// What to do next.
    private static func advice(_ error: ClientError, sentToken: Bool) -> String? {
        switch error.code {
        case .connectionRefused:
            return "Is the server running? Start one with `coffer server -dev`, or set COFFER_ADDR (or VAULT_ADDR) to where it is."
        case .connectionFailed where error.url?.hasPrefix("https:") == true:
            return "Check COFFER_ADDR (or VAULT_ADDR). A development server speaks plain HTTP: COFFER_ADDR=http://127.0.0.1:8200"
        case .connectionFailed where error.message.contains("closed the connection"):
            return "Check COFFER_ADDR (or VAULT_ADDR). A server with TLS has an address that begins with https://"
        case .connectionFailed, .timedOut, .invalidAddress:
            return "Check COFFER_ADDR (or VAULT_ADDR, or -address), such as http://127.0.0.1:8200"
        case .tlsFailed:
            if error.message.contains("speak TLS") {
                return "If the server has no TLS, set COFFER_ADDR (or VAULT_ADDR) to its http:// address."
            }
            if error.message.contains("another name") { return "Give the name that the certificate is for with -tls-server-name." }
            return "If the server has its own certificate authority, name it with COFFER_CACERT or -ca-cert."
        case .api: return apiAdvice(error, sentToken: sentToken)
        default: return nil
        }
    }

    private static func apiAdvice(_ error: ClientError, sentToken: Bool) -> String? {
        let said = error.errors.joined(separator: "\n").lowercased()
        if said.contains("not initialized") { return "Set it up once with `coffer operator init`." }
        if said.contains("sealed") { return "Open it with `coffer operator unseal`, once for each key share it needs." }
        if said.contains("no handler for route") || said.contains("unsupported path") {
            return
                "Nothing is mounted or served there: see `coffer secrets list`, `coffer auth list` and `coffer path-help MOUNT/`."
        }
        if said.contains("lease not found") || said.contains("lease is not renewable") {
            return "`coffer list sys/leases/lookup/PREFIX` shows the leases there are; an expired one has to be asked for anew."
        }
        guard error.status == 403 || said.contains("missing client token") else { return nil }
        guard sentToken else { return "No token was sent. Log in with `coffer login`, or set COFFER_TOKEN." }
        guard var path = error.url?.split(separator: "/v1/", maxSplits: 1).last?.prefix(while: { $0 != "?" }) else { return nil }
        let lookup = "sys/internal/ui/mounts/"
        if path.hasPrefix(lookup) { path = path.dropFirst(lookup.count) }
        return """
            The token may be wrong or expired (`coffer token lookup`), or its policies do not allow this
            (`coffer token capabilities \(path)`).
            """
    }
}
