internal import Syntax

/// Login with the ldap method: `username=NAME`, and a password, which is asked for if it is missing.
enum LDAPLogin: LoginMethod {
    static let name = "ldap"
    static let usage = """
        Usage: coffer login -method=ldap [options] username=NAME [password=PASSWORD]

          Logs in with the user name and the password of an LDAP directory. Without `password` the command asks for it without
          showing it. `password=-` reads it from the standard input, which is safer than an argument: other users of the machine
          can see arguments.

              $ coffer login -method=ldap username=ann
              $ coffer login -method=ldap -path=company username=ann password=- < password-file
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        try .named(arguments, method: name, session)
    }
}

extension LoginRequest {
    /// Returns the request of a login with a name and a password. The name is a part of the path.
    static func named(_ arguments: JSONObject, method: String, _ session: Session) throws(CommandFailure) -> LoginRequest {
        guard let user = try arguments.loginText("username") else {
            throw .local("The user name is missing: coffer login -method=\(method) username=NAME")
        }
        guard !user.utf8.contains(UInt8(ascii: "/")) else { throw .local("A user name cannot contain '/'") }
        var body = arguments
        body["username"] = nil
        body["password"] = try arguments.loginSecret("password", asking: "Password", session, keepsSpaces: true)
        return LoginRequest(path: "login/" + user, body: body)
    }
}
