internal import CofferClient
internal import Syntax

/// An auth method of `coffer login -method=NAME`.
protocol LoginMethod {
    /// The name, which is also the default mount path.
    static var name: String { get }
    /// The text of `coffer auth help NAME`.
    static var usage: String { get }
    /// Returns the request of a login. Asks the user for a missing secret.
    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest
    /// Logs in, where that takes more than one request, and returns the answer with the token. Nil for all other methods.
    static func logIn(_ arguments: JSONObject, mount: String, _ session: Session) async throws -> Secret?
}

extension LoginMethod {
    /// One request is enough.
    static func logIn(_ arguments: JSONObject, mount: String, _ session: Session) async throws -> Secret? { nil }
}

/// The request of a login.
struct LoginRequest {
    /// The path below the mount, such as `login/ann`.
    var path: String
    /// The body, with the credentials.
    var body: JSONObject
}

/// The auth methods that `coffer login` knows.
enum LoginMethods {
    /// All methods except `token`, which sends no login.
    static var all: [any LoginMethod.Type] {
        [
            AppRoleLogin.self, CertificateLogin.self, GitHubLogin.self, JWTLogin.self, KubernetesLogin.self, LDAPLogin.self,
            OIDCLogin.self, UserpassLogin.self,
        ]
    }

    static var names: [String] { (["token"] + all.map { $0.name }).sorted() }

    static func named(_ name: String) -> (any LoginMethod.Type)? { all.first { $0.name == name } }

    /// Returns the usage of a method, or nil if it is unknown.
    static func usage(of name: String) -> String? { name == "token" ? tokenUsage : named(name)?.usage }

    private static let tokenUsage = """
        Usage: coffer login [options] [TOKEN]

          Logs in with an existing token. Without TOKEN the command asks for it without showing it; `-` reads it from the
          standard input.

              $ coffer login
              $ coffer login - < token-file
        """
}

extension JSONObject {
    /// Returns the text of an argument without the line end of a file or pipe, or nil if it is missing or empty.
    func loginText(_ name: String) throws(CommandFailure) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.stringValue else { throw .local("\(name) is given more than once") }
        var bytes = text.utf8[...]
        while bytes.last == UInt8(ascii: "\n") {
            bytes = bytes.dropLast()
            if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        }
        return bytes.isEmpty ? nil : String(Substring(bytes))
    }

    /// Returns a secret argument, for which the user is asked if it is missing.
    func loginSecret(
        _ name: String, asking question: String, _ session: Session, keepsSpaces: Bool = false
    ) throws(CommandFailure) -> JSON {
        if let text = try loginText(name) { return .string(text) }
        let instead = "give it as \(name)=- on the standard input"
        return .string(try session.askHidden(question, instead: instead, keepsSpaces: keepsSpaces))
    }
}
