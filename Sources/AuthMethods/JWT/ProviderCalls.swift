import EngineKit
import JOSE
import Outbound
import Syntax

/// What a server at the other end of a login says of itself: an OpenID provider's discovery document (OpenID Connect Discovery 1.0).
struct ProviderDocument: Sendable {
    var issuer: String
    var keys: OutboundTarget
    var authorization: String
    var token: OutboundTarget?
    var userInfo: OutboundTarget?
    var deviceAuthorization: OutboundTarget?
    /// Whether the client's secret is sent in the body, because the provider does not take it as a header.
    var takesSecretInBody: Bool
}

/// Calls to identity providers. What fails is logged without addresses of the caller's, and told to the caller without any.
struct ProviderCalls: Sendable {
    /// Why there is no usable answer. The raw value is what the log says.
    enum Failure: String, Error, Sendable {
        case noDocument = "the discovery document is not available"
        case status = "the provider answered with an unexpected status"
        case malformedKeys = "the provider's keys are not a valid JWK Set"
        case malformedDocument = "the discovery document is not valid, or names addresses that may not be used"
        case otherIssuer = "the discovery document is that of another issuer"
        case malformedAnswer = "the provider's answer is not a valid JSON object"
    }

    let outbound: any Outbound
    let troubles: TroubleLog

    private static let keysBytesMax = 512 << 10
    private static let answerBytesMax = 256 << 10
    private static let timeoutMilliseconds: Int64 = 5_000
    private static let limits = JSONLimits(depthMax: 16, nodesMax: 10_000)

    /// Returns the server of a setting.
    ///
    /// - Throws: A refusal if the URL or the certificates cannot be used.
    static func target(_ url: String, authorities: String, serverName: String) throws(CofferError) -> OutboundTarget {
        do throws(OutboundTargetError) {
            var target = try OutboundTarget(
                configured: url, trust: try OutboundTrust(authoritiesPEM: authorities, serverName: serverName))
            target.timeoutMilliseconds = timeoutMilliseconds
            target.answerBytesMax = answerBytesMax
            return target
        } catch {
            throw .invalid(error.text)
        }
    }

    /// Fetches a JWK Set.
    func keys(at target: OutboundTarget) async throws -> KeySet {
        var target = target
        target.answerBytesMax = Self.keysBytesMax
        let reply = try await send(target.get())
        guard reply.status == 200 else { throw failed(.status) }
        guard let keys = try? KeySet(parsing: reply.body) else { throw failed(.malformedKeys) }
        // Its owner may have withdrawn them all.
        if keys.keys.isEmpty { log("the provider's JWK Set has no key that can be used") }
        return keys
    }

    /// Fetches the discovery document of an issuer.
    func document(of issuer: String, at target: OutboundTarget) async throws -> ProviderDocument {
        let reply = try await send(target.get("/.well-known/openid-configuration"))
        guard reply.status == 200 else { throw failed(.status) }
        guard let object = (try? JSON(parsing: reply.body, limits: Self.limits))?.objectValue,
            let named = object["issuer"]?.stringValue, let keys = object["jwks_uri"]?.stringValue,
            let keyTarget = try? target.linked(keys, in: reply)
        else { throw failed(.malformedDocument) }
        // Otherwise a provider could speak for another one. Only a final slash may differ.
        guard Self.bare(named).equalsUTF8(Self.bare(issuer)) else { throw failed(.otherIssuer) }
        func linked(_ name: String) -> OutboundTarget? {
            object[name]?.stringValue.flatMap { try? target.linked($0, in: reply) }
        }
        let methods = object["token_endpoint_auth_methods_supported"]?.arrayValue
        return ProviderDocument(
            issuer: named, keys: keyTarget, authorization: object["authorization_endpoint"]?.stringValue ?? "",
            token: linked("token_endpoint"), userInfo: linked("userinfo_endpoint"),
            deviceAuthorization: linked("device_authorization_endpoint"),
            takesSecretInBody: Self.takesSecretInBody(methods))
    }

    /// Returns whether the methods of a provider leave nothing else. Without a list, a provider takes the secret as a header.
    private static func takesSecretInBody(_ methods: [JSON]?) -> Bool {
        guard let names = methods?.compactMap(\.stringValue) else { return false }
        return !names.contains("client_secret_basic") && names.contains("client_secret_post")
    }

    private static func bare(_ issuer: String) -> Substring { issuer.removingUTF8Suffix("/") ?? issuer[...] }

    /// Sends a request whose answer is a JSON object, and returns it with its status.
    func object(_ request: OutboundRequest) async throws -> (status: Int, object: JSONObject) {
        let reply = try await send(request)
        guard let object = (try? JSON(parsing: reply.body, limits: Self.limits))?.objectValue else {
            throw failed(reply.status == 200 ? .malformedAnswer : .status)
        }
        return (reply.status, object)
    }

    private func send(_ request: OutboundRequest) async throws -> OutboundReply {
        do throws(OutboundError) {
            return try await outbound.send(request)
        } catch {
            log(error.text)
            throw error
        }
    }

    /// Logs a failure, and returns it.
    func failed(_ failure: Failure) -> Failure {
        log(failure.rawValue)
        return failure
    }

    private func log(_ reason: String) { troubles.warn("an identity provider did not answer as it should", reason: reason) }

    /// The errors of RFC 6749, 4.1.2.1 and 5.2, of RFC 8628, 3.5, and of OpenID Connect Core, 3.1.2.6, which may be repeated.
    static let errors: Set = [
        "invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope", "server_error",
        "temporarily_unavailable", "interaction_required", "login_required", "account_selection_required", "consent_required",
        "invalid_client", "invalid_grant", "unsupported_grant_type", "expired_token",
    ]

    /// Logs that the provider refused something, with its error if that is one of the standards'.
    func logRefusal(_ error: String?) {
        let reason =
            switch error {
            case "invalid_client": "invalid_client: check oidc_client_id and oidc_client_secret"
            case let known? where Self.errors.contains(known): known
            case .some: "an error that no standard has"
            case nil: "the answer has neither what was asked for nor an error"
            }
        troubles.warn("an identity provider refused a login", reason: reason)
    }
}
