import HTTPShell
import NIOHTTP1
import Syntax

/// The headers of a request that the Vault API uses.
struct VaultHeaders {
    /// The token of `X-Vault-Token` or `Authorization: Bearer`, or nil if there is none.
    var token: String?
    /// The TTL of `X-Vault-Wrap-TTL` in seconds, or nil if the answer is not to be wrapped.
    var wrapTTL: Int?
    /// The media type of the body; empty if there is none.
    var contentType = ""
    /// The value of `Authorization` if it has another scheme than `Bearer`; empty if there is none.
    var authorization = ""
    /// The other headers, which audit devices can record. Their names are in lower case.
    var recorded: [(name: String, value: String)] = []

    /// Reads the headers.
    ///
    /// - Throws: A refusal if a header is malformed, or if two headers contain a token.
    init(_ headers: HTTPHeaders) throws(HTTPRefusal) {
        var authorization: String?
        for (name, value) in headers {
            switch name.utf8.count {
            case 12 where name.equals("content-type"): contentType = value
            case 13 where name.equals("x-vault-token"): token = value.isEmpty ? nil : value
            case 13 where name.equals("authorization"): authorization = value
            case 16 where name.equals("x-vault-wrap-ttl"): wrapTTL = try Self.wrapTTL(value)
            case 17 where name.equals("x-vault-namespace"): try Self.checkNamespace(value)
            case 4 where name.equals("host"), 6 where name.equals("accept"), 6 where name.equals("cookie"),
                14 where name.equals("content-length"):
                break
            default: recorded.append((name.lowercased(), value))
            }
        }
        guard let authorization else { return }
        guard let bearer = authorization.bearerToken else {
            self.authorization = authorization
            return
        }
        guard token == nil else { throw HTTPRefusal(400, "X-Vault-Token and Authorization must not both be sent") }
        token = bearer
    }

    private static func wrapTTL(_ value: String) throws(HTTPRefusal) -> Int? {
        guard !value.isEmpty else { return nil }
        guard let seconds = DurationText.seconds(value) else {
            throw HTTPRefusal(400, "X-Vault-Wrap-TTL must be a duration such as \"120\" or \"5m\"")
        }
        return seconds == 0 ? nil : seconds
    }

    private static func checkNamespace(_ value: String) throws(HTTPRefusal) {
        let name = value.dropUTF8 { $0 == UInt8(ascii: "/") }
        guard name.isEmpty || name == "root" || name == "root/" else {
            throw HTTPRefusal(
                400,
                "namespaces are not supported; omit the X-Vault-Namespace header, which clients send for -namespace and VAULT_NAMESPACE"
            )
        }
    }
}
