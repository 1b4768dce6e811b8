internal import CofferClient
internal import Foundation
internal import Syntax

/// Login with the OIDC method: a browser at an identity provider, and a callback to a port of this machine.
enum OIDCLogin: LoginMethod {
    static let name = "oidc"
    static let usage = """
        Usage: coffer login -method=oidc [options] [role=NAME] [key=value ...]

          Opens a browser at the identity provider and waits for it, two minutes at most. Without `role` the default role of the
          mount is used. The role must allow the redirect URI http://localhost:8250/oidc/callback.

              $ coffer login -method=oidc
              $ coffer login -method=oidc role=staff skip_browser=true

          callbackmode=MODE    client (the default), direct or device, as the role has it
          port=PORT            the port to listen on (8250)
          callbackhost=HOST    the host in the redirect URI (localhost; in the mode direct that of the server)
          callbackmethod=NAME  http or https in the redirect URI
          callbackport=PORT    the port in the redirect URI, if it is not the one to listen on
          skip_browser=true    print the address instead of opening a browser
        """

    /// How long the person may take, in seconds.
    private static let secondsMax = 120

    static func request(_ arguments: JSONObject, _ session: Session) throws(CommandFailure) -> LoginRequest {
        LoginRequest(path: "oidc/auth_url", body: arguments)
    }

    /// How the program and the browser find each other.
    private struct Plan {
        var mode: String
        var port: UInt16
        var redirect: String
        var opensBrowser: Bool
    }

    static func logIn(_ arguments: JSONObject, mount: String, _ session: Session) async throws -> Secret? {
        let plan = try plan(arguments, mount: mount, session)
        let nonce = Base64.encode((0..<24).map { _ in UInt8.random(in: .min ... .max) }, as: .url)
        // Listens before the browser is opened, so that its answer finds somebody.
        let listener = plan.mode == "client" ? try CallbackListener(port: plan.port) : nil
        defer { listener?.close() }
        var body: JSONObject = ["redirect_uri": .string(plan.redirect), "client_nonce": .string(nonce)]
        if let role = try arguments.loginText("role") { body["role"] = .string(role) }
        let client = try session.client(token: nil, isWrapped: false)
        let begun = try await client.request(.put, "auth/\(mount)/oidc/auth_url", body: .object(body)).secret?.data ?? [:]
        guard let address = begun["auth_url"]?.stringValue, !address.isEmpty else {
            throw CommandFailure.server(
                "The server does not allow this login: check the role, and that its allowed_redirect_uris have \(plan.redirect)")
        }
        // Any page that the person has open can call the listener; only the answer to this login may end the wait.
        let state = Callback.fields(of: address.cutUTF8(at: "?")?.after ?? "")["state"]
        guard listener == nil || state != nil else { throw CommandFailure.server("The server's address has no state") }
        show(address, code: begun["user_code"]?.stringValue, opensBrowser: plan.opensBrowser, session)
        if let listener, let state {
            return try await complete(listener, state: state, mount: mount, nonce: nonce, session)
        }
        guard let state = begun["state"]?.stringValue, let interval = begun["poll_interval"]?.stringValue.flatMap({ Int($0) })
        else {
            throw CommandFailure.server("The role is not for callbackmode=\(plan.mode)")
        }
        let poll: JSON = ["state": .string(state), "client_nonce": .string(nonce)]
        return try await ask(poll, every: interval, mount: mount, session)
    }

    private static func plan(_ arguments: JSONObject, mount: String, _ session: Session) throws -> Plan {
        let mode = try arguments.loginText("callbackmode") ?? "client"
        guard ["client", "direct", "device"].contains(mode) else {
            throw CommandFailure.local("callbackmode must be client, direct or device")
        }
        let portText = try arguments.loginText("port") ?? "8250"
        guard let port = UInt16(portText), port > 0 else { throw CommandFailure.local("port must be a number from 1 to 65535") }
        let server = mode == "direct" ? URLComponents(string: session.address) : nil
        let method = try arguments.loginText("callbackmethod") ?? server?.scheme ?? "http"
        let host = try arguments.loginText("callbackhost") ?? server?.host ?? "localhost"
        var place = try arguments.loginText("callbackport").map { ":\($0)" }
        if place == nil { place = server == nil ? ":\(port)" : server?.port.map { ":\($0)" } ?? "" }
        let path = mode == "direct" ? "/v1/auth/\(mount)/oidc/callback" : "/oidc/callback"
        return Plan(
            mode: mode, port: port, redirect: "\(method)://\(host)\(place ?? "")\(path)",
            opensBrowser: try arguments.loginText("skip_browser") != "true")
    }

    private static func show(_ address: String, code: String?, opensBrowser: Bool, _ session: Session) {
        session.console.error("Sign in with your browser at:\n\n    \(address)\n")
        if let code, !code.isEmpty { session.console.error("Enter the code \(code) when you are asked for it.\n") }
        if opensBrowser, !Browser.open(address, environment: session.system.environment) {
            session.console.error("No browser could be opened; open the address yourself.\n")
        }
        session.console.error("Waiting for the sign-in…")
    }

    /// Waits for the browser, and shows in it what came of the login.
    private static func complete(
        _ listener: CallbackListener, state: String, mount: String, nonce: String, _ session: Session
    ) async throws -> Secret? {
        let callback = try await listener.wait(for: state, seconds: secondsMax)
        var query = [QueryItem("client_nonce", nonce)]
        for name in ["state", "code", "error", "iss"] {
            if let value = callback.fields[name] { query.append(QueryItem(name, value)) }
        }
        do {
            let client = try session.client(token: nil)
            if callback.isForm, (callback.fields["code"] ?? "").isEmpty {
                // The provider answers with an ID token in a form, which the server keeps until it is asked for the rest.
                _ = try await client.request(.put, "auth/\(mount)/oidc/callback", body: .map(callback.fields))
                query.removeAll { $0.name == "code" }
                query.append(QueryItem("code", "no_code"))
            }
            let secret = try await client.request(.get, "auth/\(mount)/oidc/callback", query: query).secret
            callback.answer(hasSucceeded: true)
            return secret
        } catch {
            callback.answer(hasSucceeded: false)
            throw error
        }
    }

    /// How long the person may take with another device, and the most that a server may have this program wait, in seconds.
    private static let deviceSecondsMax = 600

    /// Asks until the person has signed in (RFC 8628, 3.5).
    private static func ask(_ body: JSON, every seconds: Int, mount: String, _ session: Session) async throws -> Secret? {
        var interval = min(max(1, seconds), deviceSecondsMax)
        let client = try session.client(token: nil)
        let end = ContinuousClock.now + .seconds(deviceSecondsMax)
        while ContinuousClock.now < end {
            try await Task.sleep(for: .seconds(interval))
            do {
                return try await client.request(.put, "auth/\(mount)/oidc/poll", body: body).secret
            } catch {
                if error.errors.contains("slow_down") {
                    interval = min(2 * interval, deviceSecondsMax)
                } else if !error.errors.contains("authorization_pending") {
                    throw error
                }
            }
        }
        throw CommandFailure.server("Nobody signed in within ten minutes")
    }
}
