import EngineKit
import JOSE
import OAuth
import Outbound
import Syntax

/// The OpenID provider of a mount, with the client that this server is there.
struct OpenIDProvider: Sendable {
    /// What the provider gave for a code.
    struct Tokens: Sendable {
        var idToken: String
        /// Empty if there is none.
        var accessToken: String
    }

    /// A login with another device (RFC 8628, 3.2).
    struct Device: Sendable {
        var code: String
        var userCode: String
        var address: String
        /// Whether the address contains the user's code.
        var isComplete: Bool
        var interval: Int
    }

    /// Why the provider gave nothing.
    enum Refusal: Error, Sendable {
        /// The person has not decided yet. The text is that of RFC 8628: `authorization_pending` or `slow_down`.
        case pending(String)
        case refused
        case failed
    }

    let configuration: JWTConfiguration
    let document: ProviderDocument
    let calls: ProviderCalls

    /// Returns the address at which a person signs in (OpenID Connect Core, 3.1.2.1), or nil if the provider has none.
    func signInAddress(_ login: BrowserLogin, _ role: JWTRole, state: String) -> String? {
        guard OutboundURL(document.authorization) != nil else { return nil }
        var items = [
            ("response_type", configuration.asksForIDToken ? configuration.responseTypes.joined(separator: " ") : "code"),
            ("client_id", configuration.clientID), ("redirect_uri", login.redirectURI), ("scope", Self.scope(role)),
            ("state", state), ("nonce", login.nonce),
        ]
        if configuration.takesForms { items.append(("response_mode", "form_post")) }
        if !login.verifier.isEmpty {
            items += [("code_challenge", PKCE.challenge(of: login.verifier)), ("code_challenge_method", "S256")]
        }
        if role.maxAge > 0 { items.append(("max_age", String(role.maxAge))) }
        return document.authorization + (document.authorization.containsUTF8("?") ? "&" : "?") + PercentEncoding.form(items)
    }

    private static func scope(_ role: JWTRole) -> String {
        (["openid"] + role.scopes.filter { $0 != "openid" }).joined(separator: " ")
    }

    /// Exchanges a code for tokens.
    func exchange(_ code: String, of login: BrowserLogin) async throws -> Tokens {
        var items = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", login.redirectURI)]
        if !login.verifier.isEmpty { items.append(("code_verifier", login.verifier)) }
        return try await tokens(items)
    }

    /// Asks whether a person has signed in with another device.
    func poll(_ deviceCode: String) async throws -> Tokens {
        try await tokens([("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", deviceCode)])
    }

    private func tokens(_ items: [(String, String)]) async throws -> Tokens {
        guard let target = document.token else { throw calls.failed(.malformedDocument) }
        let (status, object) = try await post(items, to: target)
        if status == 200, let idToken = object["id_token"]?.stringValue {
            return Tokens(idToken: idToken, accessToken: object["access_token"]?.stringValue ?? "")
        }
        switch object["error"]?.stringValue {
        case "authorization_pending": throw Refusal.pending("authorization_pending")
        case "slow_down": throw Refusal.pending("slow_down")
        case let error:
            calls.logRefusal(error)
            throw error == nil ? Refusal.failed : Refusal.refused
        }
    }

    /// Begins a login with another device.
    func beginDevice(_ role: JWTRole) async throws -> Device {
        guard let target = document.deviceAuthorization else { throw calls.failed(.malformedDocument) }
        let (status, object) = try await post([("scope", Self.scope(role))], to: target)
        // Some providers call the addresses URLs, as an early draft did.
        let complete = object["verification_uri_complete"]?.stringValue ?? object["verification_url_complete"]?.stringValue
        let address = complete ?? object["verification_uri"]?.stringValue ?? object["verification_url"]?.stringValue
        guard status == 200, let code = object["device_code"]?.stringValue, let address, OutboundURL(address) != nil else {
            calls.logRefusal(object["error"]?.stringValue)
            throw Refusal.failed
        }
        return Device(
            code: code, userCode: object["user_code"]?.stringValue ?? "", address: address, isComplete: complete != nil,
            interval: min(max(object["interval"]?.intValue ?? 0, 0), 3_600))
    }

    /// Returns what the provider says of the person beside the ID token, or nil if it says nothing, or if it speaks of somebody else.
    func userInfo(_ accessToken: String, subject: String?) async -> JSONObject? {
        guard let target = document.userInfo, !accessToken.isEmpty, let subject else { return nil }
        let headers = [(name: "authorization", value: "Bearer " + accessToken)]
        guard let (status, object) = try? await calls.object(target.get(headers: headers)), status == 200,
            object["sub"]?.stringValue?.equalsUTF8(subject) == true
        else { return nil }
        return object
    }

    /// Sends a form as this server's client (RFC 6749, 2.3.1).
    private func post(_ items: [(String, String)], to target: OutboundTarget) async throws -> (status: Int, object: JSONObject) {
        var items = items
        var headers = [(name: "content-type", value: "application/x-www-form-urlencoded")]
        let (id, secret) = (configuration.clientID, configuration.clientSecret)
        if document.takesSecretInBody {
            items += [("client_id", id), ("client_secret", secret)]
        } else {
            let pair = PercentEncoding.component(id) + ":" + PercentEncoding.component(secret)
            headers.append((name: "authorization", value: "Basic " + Base64.encode(Array(pair.utf8))))
            // Devices are asked for without a code that says which client it is (RFC 8628, 3.1).
            items.append(("client_id", id))
        }
        return try await calls.object(target.post(headers: headers, body: Array(PercentEncoding.form(items).utf8)))
    }
}
