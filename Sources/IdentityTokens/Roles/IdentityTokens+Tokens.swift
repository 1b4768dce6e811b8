import EngineKit
import Identity
import JOSE
import Records
import Syntax

extension IdentityTokens {
    /// The paths `oidc/token/…` and `oidc/introspect`.
    var tokenPaths: [EnginePath] {
        [
            EnginePath(
                "oidc/token/{name}", "A signed token that says who the caller is.",
                details: "It is for the entity of the caller, and for no other.", fields: [Self.nameField]
            )
            .reading("Generate a token for a role.", changesNothing: false, generate),
            EnginePath(
                "oidc/introspect", "Whether a token is valid, and its entity still there.",
                fields: [
                    Field("token", .string, required: true, "The token."),
                    Field("client_id", .string, "The audience that the token must have; any by default."),
                ]
            )
            .updating("Verify a token.", changesNothing: true, introspect),
        ]
    }

    private func generate(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        guard let entity = try await callersEntity(request) else {
            throw CofferError.invalid("no entity associated with the request's token")
        }
        guard let role = try await roles.find(name)?.value else { throw CofferError.invalid("role \"\(name)\" not found") }
        guard let key = try await keys.find(role.key) else { throw CofferError.invalid("key \"\(role.key)\" not found") }
        guard key.settings.allows(clientID: role.clientID) else {
            throw CofferError.invalid(
                "the key \"\(role.key)\" does not list the client ID of the role \"\(name)\" as an allowed client ID")
        }
        let now = time.now()
        // A token must not outlive the key that verifies it, whatever was stored.
        let ttl = min(role.ttl, key.settings.verificationTTL)
        let own: JSONObject = [
            "aud": .string(role.clientID), "exp": .int(now.adding(seconds: ttl).seconds), "iat": .int(now.seconds),
            "iss": .string(try await issuer()), "namespace": "root", "sub": .string(entity.id),
        ]
        let more = try role.template.claims(of: entity, at: now, bytesMax: TokenClaimNames.bytesMax)
        let token = try sign(try TokenClaimNames.merged(own, [more]), with: key)
        var response = Response.data(["client_id": .string(role.clientID), "token": .string(token), "ttl": .int(ttl)])
        response.warnings = try await issuerWarnings()
        return response
    }

    /// Returns a warning where tokens of one role have as many issuers as there are nodes.
    func issuerWarnings() async throws -> [String] {
        guard surroundings.isShared, try await configurations.find(IssuerConfiguration.name)?.value.issuer.isEmpty ?? true else {
            return []
        }
        return [
            "Each node names its own api_addr as the issuer: set \"issuer\" in identity/oidc/config to an address of all nodes."
        ]
    }

    /// Returns claims as a token that a key signed.
    func sign(_ claims: JSONObject, with key: NamedKey) throws(CofferError) -> String {
        do throws(JOSEError) {
            return try SigningKey(key.settings.algorithm.signature, stored: key.current.privateKey)
                .sign(claims, keyID: key.current.id)
        } catch {
            throw CofferError(.internal, "the token could not be signed; rotate its named key")
        }
    }

    // MARK: Introspection

    private func introspect(_ request: Request) async throws -> Response {
        do {
            try await verify(request.fields.text("token"), clientID: request.fields.text("client_id"))
            return .bare(["active": true])
        } catch let error as InactiveToken {
            return .bare(["active": false, "error": .string(error.rawValue)])
        }
    }

    /// Why a token is not active.
    private enum InactiveToken: String, Error {
        case malformed = "the token is malformed"
        case issuer = "the token is of another issuer"
        case audience = "the token is not for this client"
        case signature = "no key that is known signed the token"
        case time = "the token is not valid at this time"
        case entity = "the entity of the token does not exist, or is disabled"
    }

    private func verify(_ text: String, clientID: String) async throws {
        guard let token = try? SignedToken(text), let claims = try? TokenClaims(payload: token.payload) else {
            throw InactiveToken.malformed
        }
        guard claims["iss"] == .string(try await issuer()) else { throw InactiveToken.issuer }
        if !clientID.isEmpty {
            guard let audiences = try? claims.audiences(), audiences.contains(where: { $0.equalsUTF8(clientID) }) else {
                throw InactiveToken.audience
            }
        }
        let known = try await publishedKeys().keys.filter { $0["kid"]?.stringValue == token.keyID }
        guard token.keyID != nil, KeySet(known.compactMap { try? VerificationKey(jwk: $0) }).verifies(token) else {
            throw InactiveToken.signature
        }
        var leeways = ClaimLeeways()
        leeways.clockSkew = 0
        guard claims["exp"] != nil, (try? claims.checkTimes(at: time.now(), leeways)) != nil else { throw InactiveToken.time }
        guard let id = claims["sub"]?.stringValue, let entity = try await identity.resolve(id), !entity.isDisabled else {
            throw InactiveToken.entity
        }
    }
}
