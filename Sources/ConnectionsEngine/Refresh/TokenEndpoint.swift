import Crypto
import CryptoExtras
import EngineKit
import Foundation
import Outbound
import Syntax

/// Asks a provider for tokens, as its profile wants it (RFC 6749, sections 4.1.3, 4.4 and 6).
struct TokenEndpoint: Sendable {
    let outbound: any Outbound
    let time: any TimeSource
    let randomness: any Randomness

    func refresh(_ profile: PlatformProfile, _ client: ClientCredentials?, _ grant: Grant) async -> TokenOutcome {
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
        return await ask(url, profile, client, parameters, before: grant.lifetime)
    }

    /// The end of the connect flow: a code becomes tokens.
    func exchange(
        _ profile: PlatformProfile, _ client: ClientCredentials?, code: String, verifier: String?, redirect: String
    ) async -> TokenOutcome {
        var parameters = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)]
        if let verifier { parameters.append(("code_verifier", verifier)) }
        parameters += profile.tokenParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return await ask(profile.tokenURL, profile, client, parameters, before: nil)
    }

    private func ask(
        _ url: String, _ profile: PlatformProfile, _ client: ClientCredentials?, _ parameters: [(String, String)], before: Int?
    ) async -> TokenOutcome {
        let request: OutboundRequest
        do throws(ClientFault) {
            request = try self.request(url, profile, client, parameters)
        } catch {
            return .failed(code: error.rawValue, retryAfter: nil, isProviders: false)
        }
        do throws(OutboundError) {
            return TokenReading(profile: profile, now: time.now().seconds, lifetimeBefore: before)
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

    private enum ClientFault: String, Error {
        case notConfigured = "client_not_configured"
        case badKey = "client_key_unusable"
    }

    private func request(
        _ url: String, _ profile: PlatformProfile, _ client: ClientCredentials?, _ parameters: [(String, String)]
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

/// A signed proof of who the client is (RFC 7523).
enum ClientAssertion {
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
