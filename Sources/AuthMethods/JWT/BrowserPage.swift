import EngineKit
import Syntax

/// Pages for the browser of somebody who logs in. They have no scripts, and nothing in them that is not escaped.
enum BrowserPage {
    static let contentType = "text/html; charset=utf-8"

    /// The provider has said who it is, and a program waits for that. It may have to send a second factor yet.
    static let success = page(
        "Signed in",
        "You are signed in at the identity provider. Close this page and return to the program that asked you to sign in, which completes the login."
    )

    /// The provider's answer is stored, and the program continues.
    static let received = page("Almost done", "Return to the program that asked you to sign in; it completes the login.")

    /// The login failed. The text must not come from a request.
    static func failure(_ text: String) -> Response {
        page("Sign-in failed", "\(text) Close this page, and begin the login again if you want to.", status: 400)
    }

    /// Asks whether the person who signed in began the login, because a login that somebody else began would be theirs.
    ///
    /// - Parameter confirmation: What the answer contains, for this very code. A page for somebody else must not have it.
    static func confirmation(
        of login: BrowserLogin, state: String, code: String, confirmation: String, from address: String
    ) -> Response {
        let isElsewhere = login.address != address
        let place = login.address.isEmpty ? "an unknown address" : "the address \(login.address)"
        let warning =
            isElsewhere
            ? "<p class=\"warning\">This browser has another address. If you did not begin this login yourself, "
                + "somebody else is trying to use your account: do not confirm.</p>" : ""
        let fields = [("state", state), ("code", code), ("confirmation", confirmation)]
        let inputs = fields.map { "<input type=\"hidden\" name=\"\($0.0)\" value=\"\(escaped($0.1))\">" }.joined()
        let body = """
            <p>A program at \(escaped(place)) asks to log in with the role <b>\(escaped(login.role))</b> as you.</p>\(warning)
            <p>Confirm only if you began this login a moment ago.</p>
            <form method="get" action="callback">\(inputs)<button type="submit">Confirm the login</button></form>
            """
        return html("Confirm the login", body, status: 200)
    }

    private static func page(_ title: String, _ text: String, status: Int = 200) -> Response {
        html(title, "<p>\(escaped(text))</p>", status: status)
    }

    private static func html(_ title: String, _ body: String, status: Int) -> Response {
        let text = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Coffer: \(escaped(title))</title><style>
            body { font: 16px/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 34em; padding: 0 1em; color: #1c1e21; }
            h1 { font-size: 1.3em; } .warning { border-left: 4px solid #b00020; padding-left: 1em; }
            button { font: inherit; padding: .5em 1.2em; }
            </style></head><body><main><h1>\(escaped(title))</h1>
            \(body)
            </main></body></html>

            """
        return .raw(Array(text.utf8), contentType: contentType, status: status)
    }

    /// Returns text for HTML: in elements, and in attributes with quotes of either kind.
    static func escaped(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): output += "&amp;".utf8
            case UInt8(ascii: "<"): output += "&lt;".utf8
            case UInt8(ascii: ">"): output += "&gt;".utf8
            case UInt8(ascii: "\""): output += "&quot;".utf8
            case UInt8(ascii: "'"): output += "&#39;".utf8
            default: output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
