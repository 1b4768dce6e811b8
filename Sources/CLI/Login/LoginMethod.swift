internal import Syntax

/// How `coffer login -method=NAME` turns its arguments into a request.
protocol LoginMethod {
    /// The name, and where it is mounted unless told otherwise.
    static var name: String { get }
    /// For `coffer auth help`.
    static var usage: String { get }
    /// The path below the mount and the body; asks for what is secret and missing.
    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest
}

struct LoginRequest {
    /// Below the mount, such as `login/ann`.
    var path: String
    var body: JSONObject
}

enum LoginMethods {
    /// Besides `token`, which sends no login.
    static var all: [any LoginMethod.Type] { [AppRoleLogin.self, UserpassLogin.self] }

    static var names: [String] { (["token"] + all.map { $0.name }).sorted() }

    static func named(_ name: String) -> (any LoginMethod.Type)? { all.first { $0.name == name } }

    /// How to log in with a method, for people; nil when this program has no such method.
    static func usage(of name: String) -> String? { name == "token" ? tokenUsage : named(name)?.usage }

    private static let tokenUsage = """
        Usage: coffer login [options] [TOKEN]

          Logs in with a token that exists. Without TOKEN it is asked for and not shown; `-` reads it from the standard input.

              $ coffer login
              $ coffer login - < token-file
        """
}

extension JSONObject {
    /// An argument's text, without a line's end that came with it from a file or a pipe.
    func loginText(_ name: String) throws(CommandFailure) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.stringValue else { throw .local("\(name) must be given once") }
        var bytes = text.utf8[...]
        while bytes.last == UInt8(ascii: "\n") {
            bytes = bytes.dropLast()
            if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        }
        return bytes.isEmpty ? nil : String(Substring(bytes))
    }
}
