internal import Syntax

extension ClientConfiguration {
    /// Creates a configuration from the environment variables that Vault's clients read.
    ///
    /// Each setting is read from `COFFER_<name>`, or from `VAULT_<name>` if that is not set. An empty variable counts as not set.
    ///
    /// | Name | Setting |
    /// |---|---|
    /// | `AGENT_ADDR`, else `ADDR` | ``address`` |
    /// | `TOKEN` | ``token`` |
    /// | `NAMESPACE` | ``namespace`` |
    /// | `WRAP_TTL` | ``wrapTTL``, a duration such as `60s` |
    /// | `HEADERS` | ``headers``: a JSON object of names, each with a string or an array of strings |
    /// | `MFA` | An `X-Vault-MFA` header in ``headers`` |
    /// | `CACERT`, `CACERT_BYTES`, `CAPATH` | ``tls``: ``ClientTLS/authorityFile``, ``ClientTLS/authorityText``, ``ClientTLS/authorityDirectory`` |
    /// | `CLIENT_CERT`, `CLIENT_KEY` | ``tls``: ``ClientTLS/certificateFile``, ``ClientTLS/keyFile`` |
    /// | `TLS_SERVER_NAME`, `SKIP_VERIFY` | ``tls``: ``ClientTLS/serverName``, ``ClientTLS/skipVerify`` |
    /// | `CLIENT_TIMEOUT` | ``timeout``, a duration such as `30s`; a number alone is in seconds |
    /// | `MAX_RETRIES` | ``retriesMax``, from 0 to 100 |
    /// | `DISABLE_REDIRECTS` | ``followsRedirects`` |
    /// | `PROXY_ADDR`, else `HTTP_PROXY` | ``proxy`` |
    ///
    /// - Parameter environment: The variables, usually `ProcessInfo.processInfo.environment`.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidConfiguration``, naming the variable whose value cannot be
    ///   used. The message never contains the value.
    public init(environment: [String: String]) throws(ClientError) {
        let read = EnvironmentSettings(environment)
        self.init(address: read["AGENT_ADDR"] ?? read["ADDR"] ?? Self.defaultAddress, token: read["TOKEN"])
        namespace = read["NAMESPACE"]
        if let text = read["WRAP_TTL"] {
            guard DurationText.seconds(text) != nil else { throw read.refusal("WRAP_TTL", "a duration such as 60s") }
            wrapTTL = text
        }
        if let text = read["HEADERS"] { headers += try Self.headers(text, read) }
        if let text = read["MFA"] { headers.append(HeaderItem("X-Vault-MFA", text)) }
        followsRedirects = try read.bool("DISABLE_REDIRECTS") != true
        if let text = read["PROXY_ADDR"] ?? read["HTTP_PROXY"] { proxy = try ClientProxy(text) }
        tls.authorityFile = read["CACERT"]
        tls.authorityText = read["CACERT_BYTES"]
        tls.authorityDirectory = read["CAPATH"]
        tls.certificateFile = read["CLIENT_CERT"]
        tls.keyFile = read["CLIENT_KEY"]
        tls.serverName = read["TLS_SERVER_NAME"]
        tls.skipVerify = try read.bool("SKIP_VERIFY") ?? false
        if let text = read["CLIENT_TIMEOUT"] {
            guard let seconds = DurationText.seconds(text), seconds > 0 else {
                throw read.refusal("CLIENT_TIMEOUT", "a duration such as 30s")
            }
            timeout = .seconds(seconds)
        }
        if let text = read["MAX_RETRIES"] {
            guard let count = Int(text), (0...100).contains(count) else {
                throw read.refusal("MAX_RETRIES", "a number from 0 to 100")
            }
            retriesMax = count
        }
    }

    /// Reads a JSON object such as `{"X-Name": "value", "X-Other": ["a", "b"]}` as headers.
    private static func headers(_ text: String, _ read: EnvironmentSettings) throws(ClientError) -> [HeaderItem] {
        let refusal = read.refusal("HEADERS", "a JSON object whose members are strings or arrays of strings")
        guard let object = try? JSON(parsing: Array(text.utf8)).objectValue else { throw refusal }
        var items: [HeaderItem] = []
        for member in object {
            for value in member.value.arrayValue ?? [member.value] {
                guard let value = value.stringValue else { throw refusal }
                items.append(HeaderItem(member.key, value))
            }
        }
        return items
    }
}

/// The settings of a client in a set of environment variables, each under the prefix `COFFER_` or `VAULT_`.
///
/// When both variables of a setting are set, the one with `COFFER_` is used. An empty variable counts as not set.
public struct EnvironmentSettings: Sendable {
    private let variables: [String: String]

    /// Creates a lookup in the given variables.
    ///
    /// - Parameter variables: The values of all environment variables by name.
    public init(_ variables: [String: String]) { self.variables = variables }

    /// Returns the value of `COFFER_<name>`, or of `VAULT_<name>` if that is not set, or nil if neither is.
    public subscript(_ name: String) -> String? { variable(name).flatMap { variables[$0] } }

    /// Returns the name of the variable that a setting is read from, such as `VAULT_ADDR`.
    ///
    /// - Parameter name: The name of the setting without a prefix, such as `ADDR`.
    /// - Returns: The full name of the variable, or nil if neither variable is set.
    public func variable(_ name: String) -> String? {
        ["COFFER_", "VAULT_"].map { $0 + name }.first { variables[$0]?.isEmpty == false }
    }

    /// Returns a setting as a Boolean: `1`, `t` and `true`, or `0`, `f` and `false`, in upper or lower case.
    ///
    /// - Parameter name: The name of the setting without a prefix, such as `SKIP_VERIFY`.
    /// - Returns: The value, or nil if neither variable is set.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidConfiguration`` if the value is any other text.
    public func bool(_ name: String) throws(ClientError) -> Bool? {
        guard let text = self[name] else { return nil }
        switch text.lowercased() {
        case "1", "t", "true": return true
        case "0", "f", "false": return false
        default: throw refusal(name, "true or false")
        }
    }

    func refusal(_ name: String, _ expected: String) -> ClientError {
        ClientError(.invalidConfiguration, "\(variable(name) ?? name) must be \(expected)")
    }
}
