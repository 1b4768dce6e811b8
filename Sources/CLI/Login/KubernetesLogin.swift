import Foundation
internal import Syntax

/// Login with the Kubernetes method: `role=NAME`, and the token of a service account, by default that of the pod.
enum KubernetesLogin: LoginMethod {
    static let name = "kubernetes"
    static let usage = """
        Usage: coffer login -method=kubernetes [options] role=NAME [jwt=TOKEN]

          Logs in as a Kubernetes service account. Without `jwt` the token of the pod is read from
          \(tokenFile).
          `jwt=-` reads it from the standard input.

              $ coffer login -method=kubernetes role=web
        """

    private static let tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    private static let bytesMax = 16 << 10

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        guard let role = try arguments.loginText("role") else {
            throw .local("The role is missing: coffer login -method=kubernetes role=NAME")
        }
        var body = arguments
        body["role"] = .string(role)
        guard let token = try arguments.loginText("jwt") ?? podToken() else {
            throw .local("The token is missing: this is no pod with \(tokenFile). Give it as jwt=- on the standard input")
        }
        body["jwt"] = .string(token)
        return LoginRequest(path: "login", body: body)
    }

    private static func podToken() -> String? {
        guard let file = FileHandle(forReadingAtPath: tokenFile), let data = try? file.read(upToCount: bytesMax),
            let text = String(validating: data, as: UTF8.self)
        else { return nil }
        let token = text.trimmingASCIISpace()
        return token.isEmpty ? nil : String(token)
    }
}
