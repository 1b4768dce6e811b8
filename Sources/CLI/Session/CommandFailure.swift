internal import CofferClient
internal import Syntax

/// Why a command ends without success, in words for the person at the terminal.
struct CommandFailure: Error {
    /// 1 for a local error, 2 for one of the server.
    var status: Int32
    /// For stderr; empty when everything has been said.
    var message: String
    /// What to do next.
    var hint: String?
    /// What the server refused with, if it did.
    var refusal: ClientError?
    /// Whether there simply is nothing: a program gets an empty object.
    var isNothing = false
    /// What a hint can only be given for once the server has been asked.
    var question: Question?

    enum Question {
        /// Whether the token is one at all, and may this.
        case refused(path: String, method: ClientMethod)
        /// What kind of seal it is.
        case sealed
        /// How the command is used.
        case usage(missing: Int?)
    }

    init(status: Int32, message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    static func local(_ message: String) -> CommandFailure { CommandFailure(status: 1, message: message) }
    static func server(_ message: String) -> CommandFailure { CommandFailure(status: 2, message: message) }
    static func quiet(_ status: Int32) -> CommandFailure { CommandFailure(status: status, message: "") }

    static func nothing(at path: String) -> CommandFailure {
        var failure = server("No value found at \(path)")
        failure.isNothing = true
        return failure
    }

    /// For a terminal.
    var text: String { hint.map { message + "\n\n" + $0 } ?? message }

    /// For programs.
    var report: JSON {
        var object: JSONObject = ["errors": .strings([message])]
        if let refusal, refusal.code == .api {
            if !refusal.errors.isEmpty { object["errors"] = .strings(refusal.errors) }
            object["status"] = refusal.status.map { .int($0) }
            object["method"] = refusal.method.map { .string($0.rawValue) }
            object["url"] = refusal.url.map { .string($0) }
        }
        object["hint"] = hint.map { .string($0) }
        return .object(object)
    }
}

extension CommandFailure {
    /// - Parameters:
    ///   - doing: such as `Error reading secret/data/x`.
    ///   - sentToken: whether the request carried a token, for the advice on a 403.
    init(_ error: ClientError, doing: String?, sentToken: Bool) {
        let isLocal = error.code == .invalidAddress || error.code == .invalidConfiguration
        let prefix = doing.map { $0 + ": " } ?? ""
        let text = error.code == .api ? Self.apiText(error) : Self.transportText(error)
        self.init(status: isLocal ? 1 : 2, message: prefix + text, hint: Self.advice(error))
        refusal = error
        if error.code == .api, hint == nil { advise(on: error, sentToken: sentToken) }
    }

    static func apiText(_ error: ClientError) -> String {
        var text =
            "Error making API request.\n\nURL: \(error.method?.rawValue ?? "GET") \(error.url ?? "")\nCode: \(error.status ?? 0)."
        let warnings = error.response?.secret?.warnings ?? []
        let items = error.errors.isEmpty ? warnings : error.errors
        if items.isEmpty {
            return text + (speaksTLS(error) ? " The server speaks TLS at this address." : " The server gave no reason.")
        }
        text += error.errors.isEmpty ? " The server says:\n" : " Errors:\n"
        for item in items { text += "\n* \(item)" }
        return text
    }

    /// A server with TLS tells a client that speaks plain HTTP so, in a line of text.
    static func speaksTLS(_ error: ClientError) -> Bool {
        guard error.code == .api, error.status == 400, let body = error.response?.body else { return false }
        return body.starts(with: "Client sent an HTTP request to an HTTPS server".utf8)
    }

    private static func transportText(_ error: ClientError) -> String {
        let place = error.url.map { " (\(error.method?.rawValue ?? "GET") \($0))" } ?? ""
        return error.message + place
    }

    /// What to do next when there is no answer.
    private static func advice(_ error: ClientError) -> String? {
        switch error.code {
        case .api where speaksTLS(error):
            return "Give its address with https://, in COFFER_ADDR (or VAULT_ADDR, or -address)."
        case .connectionRefused:
            return "Is the server running? Start one with `coffer server -dev`, or set COFFER_ADDR (or VAULT_ADDR) to where it is."
        case .connectionFailed where error.url?.utf8.starts(with: "https:".utf8) == true:
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
            return "If the server has its own certificate authority, name it with COFFER_CACERT (or VAULT_CACERT) or -ca-cert."
        default: return nil
        }
    }
}
