internal import Syntax

/// `role_id=…`, and a secret id that is asked for when it is not given.
enum AppRoleLogin: LoginMethod {
    static let name = "approle"
    static let usage = """
        Usage: coffer login -method=approle [options] role_id=ID [secret_id=ID]

          Logs in as an application. Without `secret_id` it is asked for on a terminal and not shown, and elsewhere left out, as
          roles with `bind_secret_id=false` have it; `secret_id=-` reads it from the standard input.

              $ coffer login -method=approle role_id=$ROLE_ID secret_id=- < secret-id-file
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        guard let role = try arguments.loginText("role_id") else {
            throw .local("Missing the role's id: coffer login -method=approle role_id=ID")
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
