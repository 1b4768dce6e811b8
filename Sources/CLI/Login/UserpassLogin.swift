internal import Syntax

/// `username=ann`, and a password that is asked for when it is not given.
enum UserpassLogin: LoginMethod {
    static let name = "userpass"
    static let usage = """
        Usage: coffer login -method=userpass [options] username=NAME [password=PASSWORD]

          Logs in with a user name and a password. Without `password` it is asked for and not shown; `password=-` reads it from
          the standard input, which is better than an argument that others on the machine can see.

              $ coffer login -method=userpass username=ann
              $ coffer login -method=userpass -path=people username=ann password=- < password-file
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        guard let user = try arguments.loginText("username") else {
            throw .local("Missing the user's name: coffer login -method=userpass username=NAME")
        }
        guard !user.utf8.contains(UInt8(ascii: "/")) else { throw .local("A user name has no '/'") }
        var body = arguments
        body["username"] = nil
        var password = try arguments.loginText("password")
        if password == nil {
            password = try session.askHidden("Password", instead: "give it as password=- on the standard input", keepsSpaces: true)
        }
        body["password"] = .optional(password)
        return LoginRequest(path: "login/" + user, body: body)
    }
}
