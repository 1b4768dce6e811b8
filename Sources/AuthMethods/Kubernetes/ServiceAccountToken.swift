import EngineKit
import JOSE
import Syntax

/// What a service account's token says of itself. Nothing of it is verified here: the cluster is asked about the token.
struct ServiceAccountToken: Sendable, Hashable {
    var namespace: String
    var name: String
    var uid: String
    /// The secret that a legacy token is from; empty for others.
    var secretName = ""
    var audiences: [String] = []
    var issuer = ""
    /// Seconds since 1970; nil for a token without end.
    var expiresAt: Int?
    var notBefore: Int?

    /// The longest token that is read, in bytes.
    static let bytesMax = 16 << 10
    private static let nameBytesMax = 253
    private static let audiencesMax = 64

    /// Reads the claims of a compact JWS (RFC 7515). Returns nil for any other text, for members that are there twice, and for the
    /// token of something else than a service account.
    init?(compact text: String) {
        guard let token = try? SignedToken(text, bytesMax: Self.bytesMax), let claims = try? TokenClaims(payload: token.payload)
        else { return nil }
        self.init(claims: claims.object)
    }

    /// Reads claims in the projected form, or in the legacy one.
    init?(claims: JSONObject) {
        if let projected = claims["kubernetes.io"]?.objectValue {
            let account = projected["serviceaccount"]?.objectValue
            namespace = projected["namespace"]?.stringValue ?? ""
            name = account?["name"]?.stringValue ?? ""
            uid = account?["uid"]?.stringValue ?? ""
        } else {
            let prefix = "kubernetes.io/serviceaccount/"
            namespace = claims[prefix + "namespace"]?.stringValue ?? ""
            name = claims[prefix + "service-account.name"]?.stringValue ?? ""
            uid = claims[prefix + "service-account.uid"]?.stringValue ?? ""
            secretName = claims[prefix + "secret.name"]?.stringValue ?? ""
        }
        guard Self.isName(namespace), Self.isName(name), Self.isName(uid), secretName.isEmpty || Self.isName(secretName) else {
            return nil
        }
        switch claims["aud"] {
        case nil: break
        case .string(let audience)?: audiences = [audience]
        case .array(let list)?:
            audiences = list.compactMap(\.stringValue)
            guard audiences.count == list.count, audiences.count <= Self.audiencesMax else { return nil }
        default: return nil
        }
        issuer = claims["iss"]?.stringValue ?? ""
        guard Self.time(claims["exp"], &expiresAt), Self.time(claims["nbf"], &notBefore) else { return nil }
    }

    /// Whether the text consists of what Kubernetes' names and UIDs consist of, so that it is no part of a path or of a pattern.
    static func isName(_ text: String) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// Reads a NumericDate (RFC 7519). Returns false for something else.
    private static func time(_ value: JSON?, _ seconds: inout Int?) -> Bool {
        guard let value else { return true }
        seconds = value.intValue
        return seconds != nil
    }

    /// How far the cluster's clock and this server's may be apart, in seconds.
    private static let leeway = 60

    /// Whether a moment, in seconds since 1970, is within the token's times.
    func isValid(at moment: Int) -> Bool {
        // The moment is this server's, so neither side overflows.
        (expiresAt.map { moment - Self.leeway < $0 } ?? true) && (notBefore.map { $0 <= moment + Self.leeway } ?? true)
    }

    /// The name of the account as the cluster's API writes it.
    var username: String { "system:serviceaccount:\(namespace):\(name)" }
}
