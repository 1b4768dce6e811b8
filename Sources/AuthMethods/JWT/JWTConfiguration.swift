import EngineKit
import JOSE
import Records
import Syntax

/// The configuration of a mount of the JWT method: where the keys of tokens come from, and the client of an OpenID provider.
struct JWTConfiguration: Record, Hashable {
    /// The issuer of an OpenID provider, below which its discovery document is.
    var discoveryURL = ""
    var discoveryAuthorities = ""
    var clientID = ""
    var clientSecret = ""
    var responseMode = ""
    var responseTypes: [String] = []
    var keySetURL = ""
    var keySetAuthorities = ""
    var keySets: [KeySetLocation] = []
    var publicKeys = PublicKeyList.none
    /// The secret of HS256, which the issuer has as well; empty for none.
    var sharedSecret = ""
    var algorithms: [String] = []
    var boundIssuer = ""
    var defaultRole = ""
    var provider = JSONObject()
    var serverNames: [String] = []
    var hasNamespaceInState = true
    /// Whether the configuration is stored even if the keys cannot be fetched.
    var skipsValidation = false

    /// Whether people log in with a browser.
    var isForBrowsers: Bool { !discoveryURL.isEmpty && !clientID.isEmpty }
    /// Whether the provider sends its answer as a form.
    var takesForms: Bool { responseMode == "form_post" }
    /// Whether the provider is asked for an ID token in its first answer.
    var asksForIDToken: Bool { responseTypes.contains("id_token") }
    /// Whether the provider is asked for a code.
    var asksForCode: Bool { !asksForIDToken || responseTypes.contains("code") }
}

/// A JWK Set and the authorities of its server.
struct KeySetLocation: Sendable, Hashable {
    var url: String
    var authorities: String
}

extension JWTConfiguration: SettingsRecord {
    static let settings = Settings(
        new: JWTConfiguration(), sortsShown: true,
        Setting(
            "oidc_discovery_url", \.discoveryURL, as: .text,
            help: "The issuer of an OpenID provider, without \"/.well-known/openid-configuration\"."),
        Setting(
            "oidc_discovery_ca_pem", \.discoveryAuthorities, as: .text,
            help: "Certificate authorities of the provider as PEM; empty for those of the system."),
        Setting("oidc_client_id", \.clientID, as: .text, help: "The id of this server as a client of the provider."),
        Setting("oidc_client_secret", \.clientSecret, as: .text.hidden, help: "The secret of that client. It is never read back."),
        Setting(
            "oidc_response_mode", \.responseMode, as: .choice(["query", "form_post"], empty: ""),
            help: "How the provider answers: query or form_post; empty for query."),
        Setting(
            "oidc_response_types", \.responseTypes, as: .names,
            help: "What the provider is asked for: code or id_token; empty for code."),
        Setting("jwks_url", \.keySetURL, as: .text, help: "The URL of a JWK Set with the keys of tokens."),
        Setting(
            "jwks_ca_pem", \.keySetAuthorities, as: .text,
            help: "Certificate authorities of that URL as PEM; empty for those of the system."),
        Setting(
            "jwks_pairs", \.keySets, as: .keySets, help: "Several JWK Sets, each an object with jwks_url and jwks_ca_pem."),
        Setting(
            "jwt_validation_pubkeys", \.publicKeys, as: .publicKeys(keepsEmpty: true), help: "Public keys of tokens as PEM."),
        Setting(
            "jwt_shared_secret", \.sharedSecret, as: .text.hidden,
            help:
                "A secret of at least 32 bytes that the issuer signs with (HS256). Whoever has it can make tokens. It is never read back."
        ),
        Setting(
            "jwt_supported_algs", \.algorithms, as: .names,
            help: "Algorithms that tokens may be signed with; empty for all that the keys allow, and RS256 for OpenID providers."),
        Setting("bound_issuer", \.boundIssuer, as: .text, help: "The issuer (iss) that tokens must have."),
        Setting(
            "default_role", \.defaultRole, as: .text(check: checkRole), help: "The role of logins that name none; empty for none."),
        Setting("provider_config", \.provider, as: .object, help: "Must be empty: there are no special providers."),
        Setting(
            "override_allowed_server_names", \.serverNames, as: .names,
            help: "The name that the certificate of the keys' server must have, where it is not that of the URL."),
        Setting("namespace_in_state", \.hasNamespaceInState, as: .flag, help: "Kept for clients that send it; has no effect."),
        Setting(
            "skip_jwks_validation", \.skipsValidation, as: .flag,
            help: "Store the configuration with a warning if the keys cannot be fetched."))

    private static func checkRole(_ name: String, field: String) throws(CofferError) {
        guard name.isEmpty || AccountName(name) != nil else { throw .invalid("field '\(field)' is not the name of a role") }
    }

    private static let textBytesMax = 256 << 10
    private static let keySetsMax = 16

    /// Refuses settings that do not go together.
    func check() throws(CofferError) {
        let sources = [
            !discoveryURL.isEmpty, !keySetURL.isEmpty, !keySets.isEmpty, !publicKeys.isEmpty, !sharedSecret.isEmpty,
            !provider.isEmpty,
        ]
        guard sources.count(where: \.self) == 1 else {
            throw .invalid(
                "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs', 'oidc_discovery_url', 'jwt_shared_secret' or "
                    + "'provider_config' must be set")
        }
        guard provider.isEmpty else {
            throw .invalid("'provider_config' is not supported; use 'oidc_discovery_url' and claims of the token")
        }
        guard clientID.isEmpty == clientSecret.isEmpty else {
            throw .invalid("both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC")
        }
        guard !discoveryURL.containsUTF8(".well-known") else {
            throw .invalid("'oidc_discovery_url' contains '.well-known' component")
        }
        guard clientID.isEmpty || !discoveryURL.isEmpty else { throw .invalid("'oidc_discovery_url' must be set for OIDC") }
        guard serverNames.count <= 1 else { throw .invalid("'override_allowed_server_names' may have one name") }
        let texts = [discoveryURL, discoveryAuthorities, clientID, clientSecret, keySetAuthorities, sharedSecret, boundIssuer]
        guard texts.allSatisfy({ $0.utf8.count <= Self.textBytesMax }), keySets.count <= Self.keySetsMax else {
            throw .invalid("the configuration is too large")
        }
        try checkSecret()
        try checkAlgorithms()
        try checkResponse()
    }

    private func checkSecret() throws(CofferError) {
        guard sharedSecret.isEmpty || sharedSecret.utf8.count >= VerificationKey.secretBytesMin else {
            throw .invalid("'jwt_shared_secret' must have at least \(VerificationKey.secretBytesMin) bytes")
        }
    }

    private func checkAlgorithms() throws(CofferError) {
        let known = sharedSecret.isEmpty ? SignatureAlgorithm.asymmetric : [.hs256]
        guard algorithms.allSatisfy({ name in known.contains { $0.rawValue == name } }) else {
            throw .invalid(
                "invalid jwt_supported_algs: the algorithms of this source of keys are \(known.map(\.rawValue).joined(separator: ", "))"
            )
        }
    }

    private func checkResponse() throws(CofferError) {
        guard responseTypes.allSatisfy({ $0 == "code" || $0 == "id_token" }) else {
            throw .invalid("invalid response_types: 'code' and 'id_token' are allowed")
        }
        guard !asksForIDToken || takesForms else {
            throw .invalid("query response_mode may not be used with an id_token response_type")
        }
    }

    /// The algorithms that a token may be signed with.
    ///
    /// - Parameter isOfProvider: Whether it is the ID token of a login with a browser.
    func allows(_ algorithm: SignatureAlgorithm, isOfProvider: Bool = false) -> Bool {
        if !algorithms.isEmpty { return algorithms.contains(algorithm.rawValue) }
        if isOfProvider { return algorithm == .rs256 }
        return algorithm.isSymmetric == !sharedSecret.isEmpty
    }
}

extension SettingKind where Value == [KeySetLocation] {
    /// JWK Sets, as a list of objects.
    fileprivate static var keySets: Self {
        Self(
            .any,
            shown: { places in
                .array(places.map { ["jwks_url": .string($0.url), "jwks_ca_pem": .string($0.authorities)] })
            },
            read: { json in
                guard let values = json.arrayValue else { return nil }
                let places = values.compactMap { value -> KeySetLocation? in
                    guard let object = value.objectValue, let url = object["jwks_url"]?.stringValue, !url.isEmpty else {
                        return nil
                    }
                    let authorities = object["jwks_ca_pem"] ?? ""
                    return authorities.stringValue.map { KeySetLocation(url: url, authorities: $0) }
                }
                return places.count == values.count ? places : nil
            })
    }
}
