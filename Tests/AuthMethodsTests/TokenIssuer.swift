import AuthMethods
import EngineKit
import Foundation
import JOSE
import Outbound
import Synchronization
import Syntax
import TestSupport

/// An issuer of tokens, and an OpenID provider, that a test decides about.
final class TokenIssuer: Sendable {
    let key: SigningKey
    let outbound: ScriptedOutbound
    private let published: Mutex<[(SigningKey, String)]>
    private let given = Mutex<(idToken: String, more: JSONObject, error: String?)>(("", [:], nil))

    private let faults = Mutex(Faults())

    private struct Faults {
        var failsDevices = false
        var otherAddress = ""
        var whenExchanging: @Sendable () -> Void = {}
    }

    /// Whether logins with other devices cannot begin.
    var failsDevices: Bool {
        get { faults.withLock { $0.failsDevices } }
        set { faults.withLock { $0.failsDevices = newValue } }
    }

    /// A second address at which the provider answers, as another issuer.
    var alsoKnownAs: String {
        get { faults.withLock { $0.otherAddress } }
        set { faults.withLock { $0.otherAddress = newValue } }
    }

    /// Has something happen while a code is exchanged.
    func whenExchanging(_ body: @escaping @Sendable () -> Void) { faults.withLock { $0.whenExchanging = body } }

    static let address = "https://id.example"
    static let client = "coffer-client"

    init(_ algorithm: SignatureAlgorithm = .es256) throws {
        key = try SigningKey(generating: algorithm)
        published = Mutex([(key, "k1")])
        outbound = ScriptedOutbound { _ in OutboundReply(status: 404) }
        outbound.answer { [weak self] request throws(OutboundError) in
            guard let self else { throw .notSent(.unreachable) }
            return reply(to: request)
        }
    }

    /// Publishes another set of keys; none for a provider that answers with an error.
    func publish(_ keys: [(SigningKey, String)]) { published.withLock { $0 = keys } }

    /// What the provider gives for the next code.
    func give(_ idToken: String, userInfo: JSONObject = [:]) { given.withLock { $0 = (idToken, userInfo, nil) } }

    /// What the provider refuses the next code with.
    func refuse(_ error: String) { given.withLock { $0.error = error } }

    func sign(_ claims: JSONObject, keyID: String? = "k1") throws -> String { try key.sign(claims, keyID: keyID) }

    var requests: [OutboundRequest] { outbound.requests }

    /// The fields of the form that was posted last.
    var lastForm: [String: String] {
        let text = String(decoding: requests.last { !$0.body.isEmpty }?.body ?? [], as: UTF8.self)
        var fields: [String: String] = [:]
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.removingPercentEncoding ?? "" }
            fields[pair[0]] = pair.count > 1 ? pair[1] : ""
        }
        return fields
    }

    private func reply(to request: OutboundRequest) -> OutboundReply {
        let faults = faults.withLock { $0 }
        switch request.url {
        case Self.address + "/.well-known/openid-configuration", faults.otherAddress + "/.well-known/openid-configuration":
            let isOther = !request.url.hasPrefix(Self.address)
            return Self.json([
                "issuer": .string(isOther ? faults.otherAddress : Self.address), "jwks_uri": .string(Self.address + "/keys"),
                "authorization_endpoint": .string(Self.address + "/authorize"), "token_endpoint": .string(Self.address + "/token"),
                "userinfo_endpoint": .string(Self.address + "/userinfo"),
                "device_authorization_endpoint": .string(Self.address + "/device"),
            ])
        case Self.address + "/keys":
            let keys = published.withLock { $0 }
            guard !keys.isEmpty else { return OutboundReply(status: 503) }
            let members = keys.compactMap { key, id in (try? key.publicJWK(id: id)).map { JSON.object($0) } }
            return Self.json(["keys": .array(members)])
        case Self.address + "/token":
            faults.whenExchanging()
            let given = given.withLock { $0 }
            if let error = given.error { return Self.json(["error": .string(error)], status: 400) }
            return Self.json(["id_token": .string(given.idToken), "access_token": "a-1", "token_type": "Bearer"])
        case Self.address + "/userinfo": return Self.json(given.withLock { $0.more })
        case Self.address + "/device" where faults.failsDevices: return OutboundReply(status: 500)
        case Self.address + "/device":
            return Self.json([
                "device_code": "d-1", "user_code": "ABCD-EFGH", "verification_uri": .string(Self.address + "/activate"),
                "interval": 5,
            ])
        default: return OutboundReply(status: 404)
        }
    }

    private static func json(_ object: JSONObject, status: Int = 200) -> OutboundReply {
        OutboundReply(status: status, body: object.encoded())
    }
}

extension AuthDriver {
    /// A mount whose tokens come from an issuer, with one role.
    static func ofTokens(
        _ issuer: TokenIssuer, role: JSONObject, type: String = "jwt", configuration: JSONObject = [:],
        storage: any Storage = StampingStorage(MemoryStorage())
    ) async throws -> AuthDriver {
        let driver = try AuthDriver(JWTMethod.description(type, outbound: issuer.outbound), storage: storage)
        let source: JSONObject = ["jwks_url": .string(TokenIssuer.address + "/keys")]
        try await driver.send(.update, "config", configuration.isEmpty ? source : configuration)
        try await driver.send(.update, "role/app", role)
        return driver
    }

    var seconds: Int { time.now().seconds }
}

extension JSONObject {
    /// The members with those of another object in their place, or added.
    func with(_ other: JSONObject) -> JSONObject {
        var merged = self
        for member in other { merged[member.key] = member.value }
        return merged
    }

    func without(_ key: String) -> JSONObject {
        var rest = self
        rest[key] = nil
        return rest
    }
}
