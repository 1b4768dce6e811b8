internal import Syntax

/// Login with the AppRole method: `role_id=ID`, and a secret id, which is asked for if it is missing.
enum AppRoleLogin: LoginMethod {
    static let name = "approle"
    static let usage = """
        Usage: coffer login -method=approle [options] role_id=ID [secret_id=ID]

          Logs in as an application. Without `secret_id` the command asks for it on a terminal without showing it. Without a
          terminal it sends none, for roles with `bind_secret_id=false`. `secret_id=-` reads it from the standard input.

              $ coffer login -method=approle role_id=$ROLE_ID secret_id=- < secret-id-file
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        guard let role = try arguments.loginText("role_id") else {
            throw .local("The role id is missing: coffer login -method=approle role_id=ID")
        }
        var body = arguments
        body["role_id"] = .string(role)
        var secret = try arguments.loginText("secret_id")
        if secret == nil, session.canAsk {
            secret = try session.askHidden("Secret ID", instead: "give it as secret_id=- on the standard input")
        }
        body["secret_id"] = secret.map { .string($0) }
        return LoginRequest(path: "login", body: body)
    }
}
