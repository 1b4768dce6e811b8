import EngineKit
import Records
import Syntax

/// A login in a browser that has begun and is not complete, as the store has it, so that any node can continue it.
struct BrowserLogin: Record, Hashable {
    var role: String
    /// The id of the role, so that a later one of the same name does not take its logins over.
    var roleUID: String
    var redirectURI = ""
    /// What the ID token must contain (OpenID Connect Core, 3.1.2.1).
    var nonce = ""
    /// The PKCE code verifier (RFC 7636, 4.1).
    var verifier = ""
    /// The SHA-256 of what the program must show again, in hex; empty for programs that sent nothing.
    var clientNonce = ""
    /// The address that the login began at.
    var address = ""
    /// Seconds since 1970.
    var expiresAt = 0
    /// How the provider names a login with another device (RFC 8628, 3.2).
    var deviceCode = ""
    /// Seconds between two questions.
    var interval = 0
    /// When the provider was asked last, in seconds since 1970.
    var askedAt = 0
    /// What the provider sent as a form.
    var code = ""
    var idToken = ""
    /// Whether the person has confirmed in the browser that the program may use the form.
    var isConfirmed = false
    /// The issuer of the provider that the login began at; empty for logins of earlier versions.
    var issuer = ""
    /// Whether this server has begun to exchange the code, which it does once.
    var isSpent = false
    /// Who logged in, until the program asks.
    var identity: JWTIdentity?

    init(role: String, roleUID: String) {
        self.role = role
        self.roleUID = roleUID
    }
}

extension BrowserLogin {
    /// Whether the provider has posted its answer.
    var hasForm: Bool { !code.isEmpty || !idToken.isEmpty }

    var stored: JSONObject {
        var object: JSONObject = [
            "role": .string(role), "role_uid": .string(roleUID), "redirect": .string(redirectURI), "nonce": .string(nonce),
            "verifier": .string(verifier), "client_nonce": .string(clientNonce), "address": .string(address),
            "until": .int(expiresAt), "device_code": .string(deviceCode), "interval": .int(interval), "asked": .int(askedAt),
            "code": .string(code), "id_token": .string(idToken), "spent": .bool(isSpent),
        ]
        if isConfirmed { object["confirmed"] = true }
        if !issuer.isEmpty { object["issuer"] = .string(issuer) }
        if let identity { object["identity"] = .object(identity.stored) }
        return object
    }

    init?(stored object: JSONObject) {
        guard let role = object["role"]?.stringValue, let roleUID = object["role_uid"]?.stringValue,
            let redirectURI = object["redirect"]?.stringValue, let nonce = object["nonce"]?.stringValue,
            let verifier = object["verifier"]?.stringValue, let clientNonce = object["client_nonce"]?.stringValue,
            let address = object["address"]?.stringValue, let expiresAt = object["until"]?.countValue,
            let deviceCode = object["device_code"]?.stringValue, let interval = object["interval"]?.countValue,
            let askedAt = object["asked"]?.countValue, let code = object["code"]?.stringValue,
            let idToken = object["id_token"]?.stringValue, let isSpent = object["spent"]?.boolValue
        else { return nil }
        self.init(role: role, roleUID: roleUID)
        (self.redirectURI, self.nonce, self.verifier, self.clientNonce) = (redirectURI, nonce, verifier, clientNonce)
        (self.address, self.expiresAt, self.deviceCode, self.interval) = (address, expiresAt, deviceCode, interval)
        (self.askedAt, self.code, self.idToken, self.isSpent) = (askedAt, code, idToken, isSpent)
        if let member = object["confirmed"] {
            guard let isConfirmed = member.boolValue else { return nil }
            self.isConfirmed = isConfirmed
        }
        if let member = object["issuer"] {
            guard let issuer = member.stringValue else { return nil }
            self.issuer = issuer
        }
        guard let member = object["identity"] else { return }
        guard let identity = member.objectValue.flatMap(JWTIdentity.init(stored:)) else { return nil }
        self.identity = identity
    }
}

extension JWTIdentity {
    var stored: JSONObject {
        let metadata = metadata.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
        return ["user": .string(user), "metadata": .object(JSONObject(metadata)), "groups": .strings(groups)]
    }

    init?(stored object: JSONObject) {
        guard let user = object["user"]?.stringValue, let members = object["metadata"]?.objectValue,
            let groups = object["groups"]?.texts
        else { return nil }
        var metadata: [String: String] = [:]
        for member in members {
            guard let text = member.value.stringValue else { return nil }
            metadata[member.key] = text
        }
        self.init(user: user, metadata: metadata, groups: groups)
    }
}
