import Crypto
import NIOHTTP1
import Syntax

/// The cookie that a browser keeps while a person connects a platform, so that a connection that was started in one browser
/// cannot be completed in another. The name's prefix keeps other hosts, and plain HTTP, from setting it (RFC 6265bis).
struct BrowserCookie: Sendable {
    let secret: String
    /// The lifetime in seconds.
    let maxAge: Int
    let isSecure: Bool

    /// How the server is reached. Only the connections mount knows which cookies it sets and therefore trusts.
    enum Kind {
        /// Over HTTPS: no other host and nobody on the network can set the cookie.
        case secure
        /// Without HTTPS, for tests: any host under the same domain can set the cookie, so it is valid for one connection
        /// only, the one with this state.
        case plain(state: String)

        var name: String {
            switch self {
            case .secure: "__Host-coffer-connect"
            case .plain(let state):
                "coffer-connect-"
                    + Hex.encode(SHA256.hash(data: Array(state.utf8)).prefix(8))
            }
        }
    }

    private static let headerBytesMax = 16_384

    /// Reads the cookie from an answer of the connections mount. Returns nil if there is none.
    init?(_ data: JSONObject) {
        guard let secret = data["browser"]?.stringValue, let age = data["max_age"]?.intValue,
            let isSecure = data["is_secure"]?.boolValue
        else { return nil }
        self.secret = secret
        maxAge = age
        self.isSecure = isSecure
    }

    /// Returns the `Set-Cookie` header. It is `SameSite=Lax`, because a provider sends people back by a link, and the
    /// browser must send the cookie with that request only.
    func header(state: String) -> String {
        let kind: Kind = isSecure ? .secure : .plain(state: state)
        return "\(kind.name)=\(secret); \(isSecure ? "Secure; " : "")Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax"
    }

    /// Returns the value of the cookie, or nil if it is absent or sent twice.
    static func read(_ kind: Kind, _ headers: HTTPHeaders) -> String? {
        var found: [String] = []
        for header in headers["cookie"] where header.utf8.count <= headerBytesMax {
            for part in header.splitUTF8(at: ";") {
                guard let (name, value) = part.trimmingASCIISpace().cutUTF8(at: "=") else { continue }
                if name.equalsUTF8(kind.name) { found.append(String(value)) }
            }
        }
        return found.count == 1 ? found[0] : nil
    }
}
