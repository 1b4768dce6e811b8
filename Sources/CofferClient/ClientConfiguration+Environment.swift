internal import Syntax

extension ClientConfiguration {
    /// Settings from `COFFER_…` variables, else from Vault's `VAULT_…` of the same name:
    /// `ADDR`, `AGENT_ADDR` (wins), `TOKEN`, `NAMESPACE`, `WRAP_TTL`, `HEADERS` (a JSON object), `MFA`, `CACERT`, `CACERT_BYTES`,
    /// `CAPATH`, `CLIENT_CERT`, `CLIENT_KEY`, `TLS_SERVER_NAME`, `SKIP_VERIFY`, `CLIENT_TIMEOUT` (a duration), `MAX_RETRIES`,
    /// `DISABLE_REDIRECTS`, `PROXY_ADDR` (wins) and `HTTP_PROXY`. An empty variable counts as absent.
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

    /// `{"X-Name": "value", "X-Other": ["a", "b"]}`.
    private static func headers(_ text: String, _ read: EnvironmentSettings) throws(ClientError) -> [HeaderItem] {
        guard let object = try? JSON(parsing: Array(text.utf8)).objectValue else {
            throw read.refusal("HEADERS", "a JSON object of names and values")
        }
        var items: [HeaderItem] = []
        for member in object {
            for value in member.value.arrayValue ?? [member.value] {
                guard let value = value.stringValue else { throw read.refusal("HEADERS", "a JSON object of names and values") }
                items.append(HeaderItem(member.key, value))
            }
        }
        return items
    }
}

/// Looks a setting up under both prefixes; ours wins.
public struct EnvironmentSettings: Sendable {
    private let variables: [String: String]

    public init(_ variables: [String: String]) { self.variables = variables }

    /// The value of `COFFER_<name>`, else of `VAULT_<name>`.
    public subscript(_ name: String) -> String? { variable(name).flatMap { variables[$0] } }

    /// Which of the two variables is set.
    public func variable(_ name: String) -> String? {
        ["COFFER_", "VAULT_"].map { $0 + name }.first { variables[$0]?.isEmpty == false }
    }

    /// The words that Vault's clients take for a boolean.
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
