import NIOHTTP1
import Syntax

/// What a browser carries from the start of a connection to its end, so that a link that was opened in one browser cannot
/// be finished in another (RFC 6265bis: the prefix keeps other hosts, and plain http, from setting it).
struct BrowserCookie: Sendable {
    let secret: String
    /// Seconds.
    let maxAge: Int
    let isSecure: Bool

    private static let secureName = "__Host-coffer-connect"
    /// Without https, in a laboratory.
    private static let plainName = "coffer-connect"
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
    var header: String {
        let name = isSecure ? "\(Self.secureName)=\(secret); Secure; Path=/" : "\(Self.plainName)=\(secret); Path=/"
        return name + "; Max-Age=\(maxAge); HttpOnly; SameSite=Lax"
    }

    /// The one that only this host can have set goes before the other one. nil when there is none, or when there are two.
    static func read(_ headers: HTTPHeaders) -> String? {
        var secure: [String] = []
        var plain: [String] = []
        for header in headers["cookie"] where header.utf8.count <= headerBytesMax {
            for part in header.splitUTF8(at: ";") {
                guard let (name, value) = part.trimmingASCIISpace().cutUTF8(at: "=") else { continue }
                if name.equalsUTF8(secureName) { secure.append(String(value)) }
                if name.equalsUTF8(plainName) { plain.append(String(value)) }
            }
        }
        let found = secure.isEmpty ? plain : secure
        return found.count == 1 ? found[0] : nil
    }
}
