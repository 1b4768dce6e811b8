internal import CofferClient
internal import Synchronization
internal import Syntax

/// A transport that sends nothing and keeps the first request, for `-output-curl-string` and `-output-policy`.
final class HoldingTransport: ClientTransport {
    private let held = Mutex<ClientRequest?>(nil)

    var request: ClientRequest? { held.withLock { $0 } }

    func shutdown() async {}

    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
        held.withLock { if $0 == nil { $0 = request } }
        throw ClientError(.canceled, "the request was printed instead of sent")
    }
}

/// A request as a curl command, for `-output-curl-string`.
struct CurlText {
    let configuration: ClientConfiguration

    func text(_ request: ClientRequest) -> String {
        var parts = ["curl"]
        if request.method != .get { parts.append("-X \(request.method.rawValue)") }
        let files = [
            ("--cacert", configuration.tls.authorityFile), ("--capath", configuration.tls.authorityDirectory),
            ("--cert", configuration.tls.certificateFile), ("--key", configuration.tls.keyFile),
        ]
        for (flag, path) in files { if let path { parts.append("\(flag) \(ShellText.word(path))") } }
        if configuration.tls.skipVerify { parts.append("--insecure") }
        var url = request.url
        if url.utf8.starts(with: "http+unix://".utf8), let address = try? ServerAddress(configuration.address) {
            parts.append("--unix-socket \(ShellText.word(address.authority))")
            url = "http://localhost/" + url.dropFirst("http+unix://".count).drop { $0 != "/" }.dropFirst()
        }
        for item in request.headers where item.name != "User-Agent" {
            // The token is read by a command, so that it does not appear in the shell's history.
            parts.append(
                item.name == "X-Vault-Token"
                    ? "-H \"X-Vault-Token: $(coffer print token)\"" : "-H \(ShellText.word("\(item.name): \(item.value)"))")
        }
        if let body = request.body { parts.append("-d \(ShellText.word(String(decoding: body, as: UTF8.self)))") }
        parts.append(ShellText.word(url))
        return parts.joined(separator: " ")
    }
}

/// The policy that a request needs, for `-output-policy`.
struct PolicyText {
    private let path: String
    private let capabilities: [String]

    init(_ request: ClientRequest) {
        let url = request.url
        let start = url.firstRange(of: "/v1/")?.upperBound ?? url.startIndex
        let below = String(url[start...]).cut(at: "?")
        let encoded = below?.before ?? String(url[start...])
        path = String(decoding: PercentEncoding.decode(encoded.utf8, isStrict: false) ?? [], as: UTF8.self)
        switch request.method {
        case .get, .head: capabilities = below?.after.parts(at: "&").contains("list=true") == true ? ["list"] : ["read"]
        case .list: capabilities = ["list"]
        case .post, .put: capabilities = ["create", "update"]
        case .patch: capabilities = ["patch"]
        case .delete: capabilities = ["delete"]
        }
    }

    /// Returns the policy as HCL.
    ///
    /// The server's OpenAPI document tells whether the path needs `sudo`. If the document cannot be read, `sudo` is left out.
    func text(asking session: Session) async -> String {
        var names = capabilities
        let document = try? await session.lookupClient().request(.get, "sys/internal/specs/openapi").object()
        for member in document?["paths"]?.objectValue?.members ?? [] where member.value["x-vault-sudo"]?.boolValue == true {
            if Self.matches(member.key, path) { names.append("sudo") }
        }
        let list = Set(names).sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        return "path \(quoted) {\n  capabilities = [\(list)]\n}"
    }

    private var quoted: String { String(decoding: JSON.string(path).encoded(), as: UTF8.self) }

    /// Returns whether a path matches a pattern whose segments `{name}` match any segment, and at the end also several.
    private static func matches(_ pattern: String, _ path: String) -> Bool {
        let (pattern, path) = (pattern.parts(at: "/"), path.parts(at: "/"))
        for (index, part) in pattern.enumerated() {
            guard index < path.count else { return false }
            let isOpen = part.utf8.first == UInt8(ascii: "{")
            guard isOpen || part == path[index] else { return false }
        }
        return path.count == pattern.count || pattern.last?.utf8.first == UInt8(ascii: "{")
    }
}
