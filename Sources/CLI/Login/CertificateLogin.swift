internal import Syntax

/// Login with the certificate method: the client certificate of the connection, and optionally `name=ENTRY`.
enum CertificateLogin: LoginMethod {
    static let name = "cert"
    static let usage = """
        Usage: coffer login -method=cert -client-cert=FILE -client-key=FILE [options] [name=ENTRY]

          Logs in with the client certificate of the TLS connection, which `-client-cert` and `-client-key` name, or
          COFFER_CLIENT_CERT and COFFER_CLIENT_KEY. Without `name` the first entry that accepts the certificate is used. A renewal of
          the token needs the same certificate.

              $ coffer login -method=cert -client-cert=web.pem -client-key=web.key name=web
        """

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        var body = arguments
        body["name"] = try arguments.loginText("name").map { .string($0) }
        return LoginRequest(path: "login", body: body)
    }
}
