import Crypto
import CryptoExtras
import EngineKit
import Foundation
import Outbound
import Syntax

/// Requests tokens from a provider in the way its profile describes (RFC 6749, sections 4.1.3, 4.4 and 6).
struct TokenEndpoint: Sendable {
    let outbound: any Outbound
    let time: any TimeSource
    let randomness: any Randomness

    /// Requests a new access token, with the grant's refresh token or with the client's own credentials.
    func refresh(_ grant: Grant, profile: PlatformProfile, client: ClientCredentials?) async -> TokenOutcome {
        var parameters: [(String, String)]
        if profile.auth == .clientCredentials {
            parameters = [("grant_type", "client_credentials")]
            if !profile.defaultScopes.isEmpty {
                parameters.append(("scope", profile.defaultScopes.joined(separator: profile.scopeSeparator)))
            }
        } else {
            parameters = [("grant_type", "refresh_token"), ("refresh_token", grant.refreshToken ?? "")]
        }
        parameters += profile.refreshParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let url = profile.refreshURL.isEmpty ? profile.tokenURL : profile.refreshURL
        return await send(parameters, to: url, profile: profile, client: client, previousLifetime: grant.lifetime)
    }

    /// Exchanges the authorization code of the connect flow for tokens.
    ///
    /// - Parameter verifier: The PKCE code verifier, or nil if the profile does not use PKCE.
    /// - Parameter redirect: The redirect URI that the code was issued for.
    func exchange(
        code: String, profile: PlatformProfile, client: ClientCredentials?, verifier: String?, redirect: String
    ) async -> TokenOutcome {
        var parameters = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)]
        if let verifier { parameters.append(("code_verifier", verifier)) }
        parameters += profile.tokenParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return await send(parameters, to: profile.tokenURL, profile: profile, client: client, previousLifetime: nil)
    }

    /// Sends the parameters to a token endpoint and classifies the answer.
    ///
    /// - Parameter previousLifetime: Seconds that the previous token was valid for, or nil if unknown.
    private func send(
        _ parameters: [(String, String)], to url: String, profile: PlatformProfile, client: ClientCredentials?,
        previousLifetime: Int?
    ) async -> TokenOutcome {
        let request: OutboundRequest
        do throws(ClientFault) {
            request = try self.request(parameters, to: url, profile: profile, client: client)
        } catch {
            return .failed(code: error.rawValue, retryAfter: nil, isProviders: false)
        }
        do throws(OutboundError) {
            return TokenReading(profile: profile, now: time.now().seconds, previousLifetime: previousLifetime)
                .outcome(try await outbound.send(request))
        } catch {
            switch error {
            case .refused: return .failed(code: "refused_by_address_rules", retryAfter: nil, isProviders: false)
            case .notSent: return .failed(code: "provider_unreachable", retryAfter: nil, isProviders: true)
            case .unanswered(.timedOut): return .unknown(code: "provider_timed_out")
            case .unanswered(.tooLarge): return .unknown(code: "answer_too_large")
            case .unanswered: return .unknown(code: "answer_lost")
            }
        }
    }

    // MARK: The request

    /// Why no request could be made. The raw values are failure codes.
    enum ClientFault: String, Error {
        case notConfigured = "client_not_configured"
        case badKey = "client_key_unusable"
    }

    /// Returns the request, with the client authenticated as its profile says (RFC 6749, section 2.3; RFC 7521, section 4.2).
    private func request(
        _ parameters: [(String, String)], to url: String, profile: PlatformProfile, client: ClientCredentials?
    ) throws(ClientFault) -> OutboundRequest {
        var parameters = parameters
        var request = OutboundRequest(.post, url, allowedHosts: profile.allowedHosts)
        request.headers = profile.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        guard let client else { throw .notConfigured }
        switch profile.tokenAuthMethod {
        case .basic:
            guard !client.secret.isEmpty else { throw .notConfigured }
            let pair = PercentEncoding.component(client.id) + ":" + PercentEncoding.component(client.secret)
            request.headers.append(("Authorization", "Basic " + Base64.encode(pair.utf8)))
        case .post:
            guard !client.secret.isEmpty else { throw .notConfigured }
            parameters += [("client_id", client.id), ("client_secret", client.secret)]
        case .none:
            parameters.append(("client_id", client.id))
        case .privateKey:
            guard let assertion = ClientAssertion.make(client, audience: url, at: time.now().seconds, randomness: randomness) else {
                throw .badKey
            }
            parameters += [
                ("client_id", client.id), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion),
            ]
        }
        switch profile.bodyFormat {
        case .form:
            request.body = Array(PercentEncoding.form(parameters).utf8)
            request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        case .json:
            request.body = JSONObject(parameters.map { .init(key: $0.0, value: .string($0.1)) }).encoded()
            request.headers.append(("Content-Type", "application/json"))
        }
        return request
    }
}

/// A signed statement that authenticates the client (RFC 7523, section 2.2).
enum ClientAssertion {
    /// Returns a signed JWT that is valid for five minutes, or nil if the private key is neither a P-256 nor an RSA key in PEM.
    static func make(_ client: ClientCredentials, audience: String, at now: Int, randomness: any Randomness) -> String? {
        let claims: JSONObject = [
            "iss": .string(client.id), "sub": .string(client.id), "aud": .string(audience), "iat": .int(now),
            "exp": .int(now + 300), "jti": .string(randomness.uuid()),
        ]
        func signed(_ algorithm: String, _ sign: ([UInt8]) throws -> Data) -> String? {
            let head: JSONObject = ["alg": .string(algorithm), "typ": "JWT"]
            let text = Base64.encode(head.encoded(), as: .url) + "." + Base64.encode(claims.encoded(), as: .url)
            guard let signature = try? sign(Array(text.utf8)) else { return nil }
            return text + "." + Base64.encode(signature, as: .url)
        }
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: client.privateKey) {
            return signed("ES256") { try key.signature(for: $0).rawRepresentation }
        }
        guard let key = try? _RSA.Signing.PrivateKey(pemRepresentation: client.privateKey) else { return nil }
        return signed("RS256") { try key.signature(for: $0, padding: .insecurePKCS1v1_5).rawRepresentation }
    }
}
