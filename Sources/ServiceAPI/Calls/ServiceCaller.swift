import Capabilities
import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import SecretMemory

/// The credentials of a request, from `X-Service` and `X-Token`. They are not verified here.
package struct ServiceCaller: Sendable {
    /// The kind of inline credentials that services send.
    package static let kind = "service"
    /// The kind of credentials for every internal request of an HTTP request except the first.
    static let continuedKind = "service-continued"

    var name: String
    var credentials: CoreRequest.Credentials

    /// The credentials for the further internal requests of an HTTP request, so that a use of a capability token is counted
    /// only once. For any other caller they are unchanged.
    var continued: CoreRequest.Credentials {
        guard case .inline(var inline) = credentials, CapabilityToken.isOne(ServiceDirectory.text(inline.secret)) else {
            return credentials
        }
        inline.kind = Self.continuedKind
        return .inline(inline)
    }

    /// Whether the rules of the service apply, rather than those of another token.
    var isService: Bool {
        if case .inline = credentials { true } else { false }
    }

    /// Reads the headers.
    ///
    /// - Parameter realm: The realm that a refusal names in `WWW-Authenticate`.
    init(
        _ headers: HTTPHeaders, connection: EngineKit.Connection, directory: ServiceDirectory, realm: String
    ) throws(ServiceError) {
        let (service, token) = (headers["x-service"], headers["x-token"])
        guard service.count <= 1, token.count <= 1 else { throw ServiceError(400, "X-Service or X-Token was sent twice") }
        let name = service.first ?? ""
        let secret = token.first ?? ""
        // A service that is identified by its certificate sends no token.
        guard !name.isEmpty, !secret.isEmpty || !connection.clientCertificateNames.isEmpty else {
            throw .unauthenticated("Missing X-Service or X-Token header", realm: realm)
        }
        self.name = name
        // A capability token may be derived from a token of Coffer itself. That token then determines what is allowed, and
        // the name is only recorded.
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
