import Crypto
import EngineKit
import Syntax

/// The page to which clients send the browser of somebody who is to log in.
///
/// It is the same for every request: its script reads the parameters from the address of the page, logs in with a password, and a
/// second factor if one is asked for, or takes a token, asks `authorize` for a code, and goes where that path has said that the client
/// may be. The token of a login is revoked at once; no token is kept, and there is no cookie, so no other page can use the person's
/// login.
enum SignInPage {
    /// The page, which may run this one script, be in no frame, and connect to this server only.
    static let response: Response = {
        var response = Response.raw(Array(html.utf8), contentType: "text/html; charset=utf-8")
        response.headers = [("content-security-policy", policy), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")]
        return response
    }()

    private static let policy =
        "default-src 'none'; script-src 'sha256-\(hash)'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; "
        + "frame-ancestors 'none'; base-uri 'none'"
    private static let hash = Base64.encode(Array(SHA256.hash(data: Array(script.utf8))))

    private static let html = """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Coffer: Sign in</title><style>
        body { font: 16px/1.5 system-ui, sans-serif; margin: 12vh auto; max-width: 26em; padding: 0 1em; color: #1c1e21; }
        h1 { font-size: 1.3em; } label { display: block; margin: .8em 0; } input, select { font: inherit; width: 100%; padding: .3em; }
        button { font: inherit; padding: .5em 1.2em; } #problem { border-left: 4px solid #b00020; padding-left: 1em; }
        </style></head><body><main><h1>Sign in with Coffer</h1>
        <p>You will be sent to <b id="place">an unknown place</b>. Go on only if you came from there.</p>
        <form id="form">
        <label>Sign in with <select id="kind"><option value="password">a password</option><option value="token">a token</option>
        </select></label>
        <div id="password-fields">
        <label>Method <input id="mount" value="userpass" autocapitalize="none" spellcheck="false"></label>
        <label>User name <input id="user" autocomplete="username" autocapitalize="none" spellcheck="false"></label>
        <label>Password <input id="password" type="password" autocomplete="current-password"></label>
        </div>
        <div id="code-fields" hidden></div>
        <div id="token-fields" hidden><label>Token <input id="token" type="password" autocomplete="off"></label></div>
        <button id="go" type="submit">Sign in</button>
        </form>
        <p id="problem" role="alert" hidden></p>
        <noscript><p>This page needs JavaScript.</p></noscript>
        </main><script>\(script)</script></body></html>

        """

    /// No parameter is there twice: the listener refuses such a query. Only errors that `authorize` gives after it has compared the redirect URI are sent to the client.
    private static let script = """
        "use strict";
        const element = id => document.getElementById(id);
        const api = location.pathname.slice(0, location.pathname.indexOf("/identity/oidc/provider/"));
        const forClient = ["access_denied", "login_required", "invalid_scope", "unauthorized_client", "unsupported_response_type",
          "request_not_supported", "request_uri_not_supported"];
        const fields = Object.fromEntries(new URLSearchParams(location.search));
        const redirect = fields.redirect_uri || "";
        try { const place = new URL(redirect); element("place").textContent = place.host || place.protocol; } catch (error) {}
        const say = text => { element("problem").textContent = text; element("problem").hidden = false; };
        const call = (path, body, token) => fetch(path, { method: "POST", cache: "no-store", credentials: "omit",
          headers: Object.assign({ "Content-Type": "application/json" }, token ? { "X-Vault-Token": token } : {}),
          body: JSON.stringify(body) });
        const segments = text => text.split("/").filter(part => part).map(encodeURIComponent).join("/");
        const leave = parameters => {
          const target = redirect + (redirect.includes("?") ? "&" : "?") + new URLSearchParams(parameters).toString();
          location.replace(target);
        };
        let waiting = null;
        const forget = () => { waiting = null; element("code-fields").replaceChildren(); element("code-fields").hidden = true; };
        element("kind").addEventListener("change", () => {
          const isToken = element("kind").value === "token";
          element("token-fields").hidden = !isToken;
          element("password-fields").hidden = isToken;
          forget();
        });
        element("password-fields").addEventListener("input", forget);
        const askForCodes = requirement => {
          forget();
          waiting = { id: requirement.mfa_request_id, codes: [] };
          for (const constraint of Object.values(requirement.mfa_constraints)) {
            const [label, method, code] = ["label", "select", "input"].map(name => document.createElement(name));
            for (const one of constraint.any) method.add(new Option(one.name || one.id, one.id));
            code.autocomplete = "one-time-code";
            code.inputMode = "numeric";
            label.append("Code of ", method, code);
            element("code-fields").append(label);
            waiting.codes.push({ method, code });
          }
          element("code-fields").hidden = false;
          waiting.codes[0].code.focus();
        };
        const tooMany = "Too many attempts. Wait a moment.";
        const prove = async () => {
          const payload = {};
          for (const { method, code } of waiting.codes) if (code.value) payload[method.value] = [code.value.trim()];
          if (Object.keys(payload).length === 0) throw "Type the code that the authenticator program shows.";
          const reply = await call(api + "/sys/mfa/validate", { mfa_request_id: waiting.id, mfa_payload: payload });
          if (reply.ok) return (await reply.json()).auth;
          if (reply.status === 400) { forget(); throw "This took too long. Sign in again."; }
          const seconds = reply.headers.get("Retry-After");
          throw seconds ? "Too many wrong codes. Wait " + seconds + " seconds." : "The code is wrong, or was used before.";
        };
        const login = async () => {
          if (waiting) return (await prove()).client_token;
          const path = api + "/auth/" + segments(element("mount").value) + "/login/" + encodeURIComponent(element("user").value);
          const reply = await call(path, { password: element("password").value });
          const auth = reply.ok ? (await reply.json()).auth : null;
          if (!auth) throw reply.status === 429 ? tooMany : "The method, the user name or the password is wrong.";
          if (auth.client_token) return auth.client_token;
          askForCodes(auth.mfa_requirement);
          throw "This login needs a second factor.";
        };
        const authorize = async token => {
          const reply = await call(location.pathname.replace(/sign-in$/, "authorize"), fields, token);
          const answer = await reply.json().catch(() => ({}));
          if (reply.ok && answer.code) {
            const parameters = { code: answer.code };
            if (answer.state) parameters.state = answer.state;
            if (answer.iss) parameters.iss = answer.iss;
            return parameters;
          }
          if (forClient.includes(answer.error)) {
            const parameters = { error: answer.error, error_description: answer.error_description };
            if (answer.state) parameters.state = answer.state;
            if (answer.iss) parameters.iss = answer.iss;
            return parameters;
          }
          if (answer.error) throw "The program that sent you here made a mistake: " + answer.error_description + ".";
          if (reply.status === 429) throw tooMany;
          throw reply.status === 403 ? "The token is not valid, or its policies do not allow this." : "The server did not answer as expected.";
        };
        element("form").addEventListener("submit", async event => {
          event.preventDefault();
          element("go").disabled = true;
          element("problem").hidden = true;
          const isToken = element("kind").value === "token";
          let token = "";
          let parameters = null;
          try {
            token = isToken ? element("token").value : await login();
            parameters = await authorize(token);
          } catch (problem) {
            say(typeof problem === "string" ? problem : "The server could not be reached.");
          }
          if (token && !isToken) await call(api + "/auth/token/revoke-self", {}, token).catch(() => {});
          // Not earlier: leaving the page would end the call.
          if (token) forget();
          if (parameters) return leave(parameters);
          element("go").disabled = false;
        });
        """
}
