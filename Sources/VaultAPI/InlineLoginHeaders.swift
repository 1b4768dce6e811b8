import Core
import HTTPShell
import Syntax

/// The `X-Vault-Inline-Auth-` headers of a request, by which it logs in for itself alone, as in OpenBao since 2.4.
///
/// | header | value |
/// |---|---|
/// | `-Path` | the path of the login, such as `auth/jwt/login` |
/// | `-Operation` | `update` or `create`; optional |
/// | `-Namespace` | the namespace of the path; optional |
/// | `-Parameter-<any>` | base64url without padding of `{"key": …, "value": …}`, one parameter of the login |
///
/// No message contains anything that was sent, because the headers contain secrets.
struct InlineLoginHeaders {
    /// The header of an answer that is the refusal of the login and not of the request.
    static let failed = "x-vault-inline-auth-failed"
    private static let prefix = Array("x-vault-inline-auth-".utf8)
    private static let parameterPrefix = "parameter-"

    /// The largest number of parameters. No login has more than four.
    static let parametersMax = 16
    private static let keyBytesMax = 128
    private static let limits = JSONLimits(depthMax: 8, nodesMax: 1_000)

    private var path: String?
    private var parameters = JSONObject()
    /// The names that were read, in lower case without the prefix, since each may be there once.
    private var names: Set<String> = []

    /// Returns whether a header belongs to a login. The case of its name makes no difference.
    static func isOne(_ name: String) -> Bool {
        var bytes = name.utf8.makeIterator()
        for expected in prefix { guard bytes.next()?.asciiLowercased == expected else { return false } }
        return true
    }

    /// Reads one of the headers.
    mutating func read(_ name: String, _ value: String) throws(HTTPRefusal) {
        let part = name.dropFirstUTF8(Self.prefix.count).lowercased()
        guard names.insert(part).inserted else { throw Self.repeated }
        switch part {
        case "path": path = value
        case "operation": guard value == "update" || value == "create" else { throw Self.badOperation }
        case "namespace": try VaultHeaders.checkNamespace(value)
        default:
            guard part.hasUTF8Prefix(Self.parameterPrefix) else { throw Self.unknown }
            try readParameter(value)
        }
    }

    private mutating func readParameter(_ value: String) throws(HTTPRefusal) {
        guard let bytes = Base64.decode(value, as: .url, allowing: []),
            let object = (try? JSON(parsing: bytes, limits: Self.limits))?.objectValue,
            let key = object["key"]?.stringValue, let value = object["value"], object.count == 2,
            (1...Self.keyBytesMax).contains(key.utf8.count)
        else { throw Self.badParameter }
        guard parameters[key] == nil else { throw Self.sameKey }
        guard parameters.count < Self.parametersMax else { throw Self.tooMany }
        parameters[key] = value
    }

    /// Returns the login, or throws if its path is missing.
    func login() throws(HTTPRefusal) -> RequestLogin {
        guard let path, !path.isEmpty else { throw Self.noPath }
        return RequestLogin(path: path, parameters: parameters)
    }

    // MARK: Refusals

    static let besideToken = HTTPRefusal(
        400, "a token and X-Vault-Inline-Auth- headers must not both be sent: the request would have two callers")
    private static let noPath = HTTPRefusal(400, "X-Vault-Inline-Auth-Path must have the path of a login, such as auth/jwt/login")
    private static let badOperation = HTTPRefusal(400, "X-Vault-Inline-Auth-Operation must be update or create")
    private static let repeated = HTTPRefusal(400, "each X-Vault-Inline-Auth- header may be sent once")
    private static let unknown = HTTPRefusal(
        400, "unknown X-Vault-Inline-Auth- header: Path, Operation, Namespace and Parameter-<name> are known")
    private static let badParameter = HTTPRefusal(
        400,
        "X-Vault-Inline-Auth-Parameter- headers must be base64url without padding of a JSON object with exactly \"key\", a text of "
            + "1 to \(keyBytesMax) bytes, and \"value\"")
    private static let sameKey = HTTPRefusal(400, "two X-Vault-Inline-Auth-Parameter- headers have the same key")
    private static let tooMany = HTTPRefusal(400, "there may be \(parametersMax) X-Vault-Inline-Auth-Parameter- headers at most")
}
