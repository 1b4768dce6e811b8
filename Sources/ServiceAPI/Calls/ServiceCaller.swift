import Capabilities
import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import SecretMemory

/// Who says who it is, in `X-Service` and `X-Token`. Nothing of it is trusted here.
package struct ServiceCaller: Sendable {
    /// The kind of inline credentials that services show.
    package static let kind = "service"
    /// For all questions of a request but its first.
    static let continuedKind = "service-continued"

    var name: String
    var credentials: CoreRequest.Credentials

    /// The same caller for further questions of one request: a narrowed token is spent once. Every other caller stays who it is.
    var continued: CoreRequest.Credentials {
        guard case .inline(var inline) = credentials, CapabilityToken.isOne(ServiceDirectory.text(inline.secret)) else {
            return credentials
        }
        inline.kind = Self.continuedKind
        return .inline(inline)
    }

    /// Its rules are the service's own, not those of some other token.
    var isService: Bool {
        if case .inline = credentials { true } else { false }
    }

    /// - Parameter realm: What a refusal names in `WWW-Authenticate`.
    init(
        _ headers: HTTPHeaders, connection: EngineKit.Connection, directory: ServiceDirectory, realm: String
    ) throws(ServiceError) {
        let (service, token) = (headers["x-service"], headers["x-token"])
        guard service.count <= 1, token.count <= 1 else { throw ServiceError(400, "X-Service or X-Token was sent twice") }
        let name = service.first ?? ""
        let secret = token.first ?? ""
        // A service that is known by its certificate sends no token.
        guard !name.isEmpty, !secret.isEmpty || !connection.clientCertificateNames.isEmpty else {
            throw .unauthenticated("Missing X-Service or X-Token header", realm: realm)
        }
        self.name = name
        // A narrowed token may come from a token of Coffer's own; then it says what may be done, and the name only who asks.
        if CapabilityToken.isOne(secret), let entry = directory[name], let token = try? CapabilityToken(secret),
            token.handle != entry.handle
        {
            credentials = .token(secret)
            return
        }
        credentials = .inline(InlineCredentials(kind: Self.kind, name: name, secret: SecretBytes(Array(secret.utf8))))
    }
}

extension ServiceError {
    static func unauthenticated(_ detail: String, realm: String) -> ServiceError {
        ServiceError(401, detail, headers: [("www-authenticate", "ServiceToken realm=\"\(realm)\"")])
    }
}
