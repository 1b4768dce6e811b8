internal import CofferClient
internal import Syntax

/// The reason why a command fails, for the user.
struct CommandFailure: Error {
    /// The exit status: 1 for a local error, 2 for an error of the server.
    var status: Int32
    /// The text for the standard error; empty if nothing is to be printed.
    var message: String
    /// What the user can do next.
    var hint: String?
    /// The error that the client threw, if the failure comes from a request.
    var refusal: ClientError?
    /// Whether nothing exists at the path. With `-format=json` an empty object is printed then.
    var isNothing = false
    /// What has to be found out before a hint can be given.
    var question: Question?

    /// A question that leads to a hint.
    enum Question {
        /// Is the token valid, and is it allowed to send this request?
        case refused(path: String, method: ClientMethod)
        /// Which kind of seal does the server have?
        case sealed
        /// How is the command used? `missing` is the index of the first missing argument.
        case usage(missing: Int?)
    }

    /// Returns a failure with the exit status 1, for errors that the server has no part in.
    static func local(_ message: String) -> CommandFailure { CommandFailure(status: 1, message: message) }
    /// Runs work whose errors the server has no part in, and throws them as failures with the exit status 1.
    static func reporting<T>(_ work: () throws -> T) throws(CommandFailure) -> T {
        do { return try work() } catch { throw .local("\(error)") }
    }
    /// Returns a failure with the exit status 2, for errors of the server.
    static func server(_ message: String) -> CommandFailure { CommandFailure(status: 2, message: message) }
    /// Returns a failure that prints nothing.
    static func quiet(_ status: Int32) -> CommandFailure { CommandFailure(status: status, message: "") }

    /// Returns the failure of reading a path at which nothing exists.
    static func nothing(at path: String) -> CommandFailure {
        var failure = server("No value found at \(path)")
        failure.isNothing = true
        return failure
    }

    /// The message and the hint as text.
    var text: String { hint.map { message + "\n\n" + $0 } ?? message }

    /// The failure as JSON, for programs.
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
    /// Creates a failure from an error of the client.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - doing: The beginning of the message, such as `Error reading secret/data/x`.
    ///   - sentToken: Whether the request had a token, for the hint on a 403.
    init(_ error: ClientError, doing: String?, sentToken: Bool) {
        let isLocal = error.code == .invalidAddress || error.code == .invalidConfiguration
        let prefix = doing.map { $0 + ": " } ?? ""
        let text = error.code == .api ? Self.apiText(error) : Self.transportText(error)
        self.init(status: isLocal ? 1 : 2, message: prefix + text, hint: Self.advice(error))
        refusal = error
        if error.code == .api, hint == nil { advise(on: error, sentToken: sentToken) }
    }

    /// Returns the message for an answer of 400 or more, in the form of Vault's client.
    static func apiText(_ error: ClientError) -> String {
        var text =
            "Error making API request.\n\nURL: \(error.method?.rawValue ?? "GET") \(error.url ?? "")\nCode: \(error.status ?? 0)."
        let warnings = error.response?.secret?.warnings ?? []
        let items = error.errors.isEmpty ? warnings : error.errors
        if items.isEmpty {
            return text + (speaksTLS(error) ? " The server expects TLS at this address." : " The server gave no reason.")
        }
        text += error.errors.isEmpty ? " The server says:\n" : " Errors:\n"
        for item in items { text += "\n* \(item)" }
        return text
    }

    /// Returns whether the answer is the line of text with which a server with TLS answers plain HTTP.
    static func speaksTLS(_ error: ClientError) -> Bool {
        guard error.code == .api, error.status == 400, let body = error.response?.body else { return false }
        return body.starts(with: "Client sent an HTTP request to an HTTPS server".utf8)
    }

    private static func transportText(_ error: ClientError) -> String {
        let place = error.url.map { " (\(error.method?.rawValue ?? "GET") \($0))" } ?? ""
        return error.message + place
    }

    /// Returns what the user can do next, for failures that need no further question.
    private static func advice(_ error: ClientError) -> String? {
        switch error.code {
        case .api where speaksTLS(error):
            return "Set its address with https:// in COFFER_ADDR (or VAULT_ADDR, or -address)."
        case .connectionRefused:
            return "Is the server running? Start one with `coffer server -dev`, or set COFFER_ADDR (or VAULT_ADDR) to its address."
        case .connectionFailed where error.url?.utf8.starts(with: "https:".utf8) == true:
            return "Check COFFER_ADDR (or VAULT_ADDR). A development server uses plain HTTP: COFFER_ADDR=http://127.0.0.1:8200"
        case .connectionFailed where error.message.contains("closed the connection"):
            return "Check COFFER_ADDR (or VAULT_ADDR). The address of a server with TLS begins with https://"
        case .connectionFailed, .timedOut, .invalidAddress:
            return "Check COFFER_ADDR (or VAULT_ADDR, or -address); an address looks like http://127.0.0.1:8200"
        case .tlsFailed:
            if error.message.contains("speak TLS") {
                return "If the server has no TLS, set COFFER_ADDR (or VAULT_ADDR) to its http:// address."
            }
            if error.message.contains("another name") { return "Name the host that the certificate is for with -tls-server-name." }
            return "If the server has its own certificate authority, name it with COFFER_CACERT (or VAULT_CACERT) or -ca-cert."
        default: return nil
        }
    }
}
