internal import Syntax

/// Login with the JWT method: `jwt=TOKEN`, and `role=NAME` unless the mount has a default role.
enum JWTLogin: LoginMethod {
    static let name = "jwt"
    static let usage = """
        Usage: coffer login -method=jwt [options] [role=NAME] [jwt=TOKEN]

          Logs in with a signed token, such as that of a CI job. Without `jwt` the command asks for it without showing it. `jwt=-`
          reads it from the standard input and `jwt=@FILE` from a file, which is safer than an argument: other users of the machine
          can see arguments. Without `role` the default role of the mount is used.

              $ coffer login -method=jwt role=deploy jwt=@/var/run/secrets/token
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        var body = arguments
        body["jwt"] = try arguments.loginSecret("jwt", asking: "Token", session)
        if let role = try arguments.loginText("role") { body["role"] = .string(role) }
        return LoginRequest(path: "login", body: body)
    }
}
