import Crypto
import NIOHTTP1
import Syntax

/// What a browser carries from the start of a connection to its end, so that a link that was opened in one browser cannot
/// be finished in another (RFC 6265bis: the prefix keeps other hosts, and plain http, from setting it).
struct BrowserCookie: Sendable {
    let secret: String
    /// Seconds.
    let maxAge: Int
    let isSecure: Bool

    /// One for each way of reaching the server. Only the connections mount knows which of them it sets, and so trusts.
    enum Kind {
        /// Over https: no other host can have set it, nor anybody on the way.
        case secure
        /// Without https, in a laboratory: any neighbour under the same domain may have set it, so it is made for one link alone,
        /// the one with this state.
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

    /// From what the connections mount answered.
    init?(_ data: JSONObject) {
        guard let secret = data["browser"]?.stringValue, let age = data["max_age"]?.intValue,
            let isSecure = data["is_secure"]?.boolValue
        else { return nil }
        self.secret = secret
        maxAge = age
        self.isSecure = isSecure
    }

    /// Lax: a provider sends people back by a link, and nothing but a link may bring the cookie along.
    func header(state: String) -> String {
        let kind: Kind = isSecure ? .secure : .plain(state: state)
        return "\(kind.name)=\(secret); \(isSecure ? "Secure; " : "")Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax"
    }

    /// nil when there is none of this kind, or when there are two.
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
