import EngineKit
import Records
import Syntax

extension JWTMethod {
    var pollPath: EnginePath {
        EnginePath(
            "oidc/poll", "Whether somebody has signed in, for the modes direct and device.",
            fields: [
                Field("state", .string, "The state of the login."),
                Field("client_nonce", .string, "What the program sent when it began the login."),
            ],
            access: .unauthenticated
        )
        .updating("Ask for the token.") { try await poll($0) }
    }

    private func poll(_ request: Request) async throws -> Response {
        let state = request.fields.text("state")
        guard let login = try await logins.find(state) else { throw Self.expired }
        guard Self.isClient(request.fields.text("client_nonce"), of: login) else {
            throw CofferError.invalid("invalid client_nonce")
        }
        let role = try await role(of: login)
        guard role.callbackMode != .client else { throw Self.expired }
        guard role.tokens.bounds.allows(request.connection.remoteAddress) else { throw CofferError.denied }
        let identity = login.deviceCode.isEmpty ? login.identity : try await askProvider(login, role, state: state)
        guard let identity else { throw CofferError.invalid("authorization_pending") }
        // Whoever takes it first gets the token, on whichever node.
        guard try await logins.take(state) != nil else { throw Self.expired }
        return Response(.none, auth: .grant(try grant(role, identity, displayName: request.displayName(identity.user))))
    }

    /// Asks the provider about a login with another device, no more often than it wants to be asked.
    private func askProvider(_ login: BrowserLogin, _ role: JWTRole, state: String) async throws -> JWTIdentity? {
        guard let found = try await foundConfiguration(), found.value.isForBrowsers else {
            throw Self.failed("Could not load configuration")
        }
        let now = context.time.now().seconds
        let mayAsk = try await logins.change(state) { login -> Bool in
            // A second of grace: clients wait for the interval, and their clocks are not this one.
            guard now >= login.askedAt + login.interval - 1 else { return false }
            login.askedAt = now
            return true
        }
        guard mayAsk == true else { throw CofferError.invalid("slow_down") }
        do {
            let tokens = try await provider(found, of: login).poll(login.deviceCode)
            return try await identity(tokens.idToken, accessToken: tokens.accessToken, of: login, role, configuration: found)
        } catch OpenIDProvider.Refusal.pending(let text) {
            throw CofferError.invalid(text)
        } catch is OpenIDProvider.Refusal {
            _ = try await logins.take(state)
            throw CofferError.invalid("authorization failed")
        } catch let error as CofferError {
            throw error
        } catch {
            throw JWTKeys.unavailable
        }
    }
}
