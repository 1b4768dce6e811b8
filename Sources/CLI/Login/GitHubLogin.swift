internal import Syntax

/// Login with the github method: `token=TOKEN`, which is asked for if it is missing.
enum GitHubLogin: LoginMethod {
    static let name = "github"
    static let usage = """
        Usage: coffer login -method=github [options] [token=TOKEN]

          Logs in with a personal access token of GitHub, which needs the scope `read:org`. Without `token` the command asks for it
          without showing it. `token=-` reads it from the standard input.

              $ coffer login -method=github
              $ coffer login -method=github token=- < token-file
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        var body = arguments
        body["token"] = try arguments.loginSecret("token", asking: "GitHub token", session)
        return LoginRequest(path: "login", body: body)
    }
}
