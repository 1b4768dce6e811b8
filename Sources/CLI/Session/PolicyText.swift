internal import CofferClient
internal import Syntax

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
