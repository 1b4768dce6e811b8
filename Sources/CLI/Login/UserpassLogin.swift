internal import Syntax

/// Login with the userpass method: `username=NAME`, and a password, which is asked for if it is missing.
enum UserpassLogin: LoginMethod {
    static let name = "userpass"
    static let usage = """
        Usage: coffer login -method=userpass [options] username=NAME [password=PASSWORD]

          Logs in with a user name and a password. Without `password` the command asks for it without showing it. `password=-`
          reads it from the standard input, which is safer than an argument: other users of the machine can see arguments.

              $ coffer login -method=userpass username=ann
              $ coffer login -method=userpass -path=people username=ann password=- < password-file
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        try .named(arguments, method: name, session)
    }
}
