import Core
import EngineKit
import HTTPShell
import Syntax

/// One call of the Engine API as the request to the connections mount that it stands for.
struct EngineCall {
    var request: CoreRequest
    var reply: EngineReply

    init(_ request: ShellRequest, mount: String) throws(EngineRefusal) {
        var reader = EngineReader(request, mount: mount)
        (self.request, reply) = try reader.call()
    }
}

/// Reads route, credentials and body.
private struct EngineReader {
    private let incoming: ShellRequest
    private let mount: String
    private var body = JSONObject()

    init(_ request: ShellRequest, mount: String) {
        incoming = request
        self.mount = mount
    }

    mutating func call() throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        let segments = try self.segments()
        if incoming.method == "POST" { body = try parsedBody() }
        switch segments.first {
        case "store_token": return try only(segments, 1, "POST") { () throws(EngineRefusal) in try store(try owner(), in: "token") }
        case "get_token": return try only(segments, 1, "POST") { () throws(EngineRefusal) in try fetch() }
        case "status": return try only(segments, 1, "GET") { () throws(EngineRefusal) in try status() }
        case "oauth": return try only(segments, 2, "GET") { () throws(EngineRefusal) in try browser(segments[1]) }
        case "vault": return try vault(segments)
        default: throw .unknownRoute
        }
    }

    private func only(
        _ segments: [String], _ count: Int, _ method: String, _ make: () throws(EngineRefusal) -> (CoreRequest, EngineReply)
    ) throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        guard segments.count == count else { throw .unknownRoute }
        guard incoming.method == method else { throw .badMethod }
        return try make()
    }

    // MARK: Routes

    private func vault(_ segments: [String]) throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        let place = try environment()
        func project(_ index: Int) throws(EngineRefusal) -> String { try owner("project", segments[index]) }
        switch (incoming.method, segments.dropFirst().first, segments.count) {
        case ("POST", "store", 2): return try store(try owner("project", try text("project_id")), in: "token_data")
        case ("POST", "token", 2):
            let platform = try (body["service"] != nil ? text("service") : text("platform")).lowercased()
            let name = try body["project"] != nil ? text("project") : text("project_id")
            return try store(try owner("project", name), in: "token", platform: platform)
        case ("GET", "token", 4):
            let query = try items()
            var wanted: [(name: String, value: String)] = []
            for item in query where item.name == "scopes" || item.name == "min_ttl" { wanted.append(item) }
            return (
                try make(.read, "tokens/\(try project(2))/\(place)/\(try platform(segments[3]))", query: wanted), .projectToken
            )
        case ("DELETE", "delete", 4), ("DELETE", "token", 4):
            return (try make(.delete, "tokens/\(try project(2))/\(place)/\(try platform(segments[3]))"), .metadata)
        case ("DELETE", "projects", 3), ("DELETE", "tokens", 3):
            return (try make(.delete, "owners/\(try project(2))"), .metadata)
        case ("GET", "tokens", 3):
            let query = [(name: "environment", value: place), (name: "detailed", value: "true")]
            return (try make(.read, "status/\(try project(2))", query: query), .projectTokens(segments[2]))
        case ("GET", "projects", 2):
            var query: [(name: String, value: String)] = [(name: "kind", value: "project")]
            for item in try items() where item.name == "after" || item.name == "limit" {
                query.append((item.name, item.name == "after" ? "project:" + item.value : item.value))
            }
            return (try make(.list, "owners/", query: query), .projects)
        case (_, "store", 2), (_, "token", 2), (_, "token", 4), (_, "delete", 4), (_, "projects", 2...3), (_, "tokens", 3):
            throw .badMethod
        default: throw .unknownRoute
        }
    }

    private func store(
        _ owner: String, in member: String, platform name: String? = nil
    ) throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        let given = if let name { name } else { try text("platform") }
        let platform = try self.platform(given)
        var sent: JSONObject
        switch body[member] {
        case .object(let object)?: sent = object
        // The oldest shape: a bare key in place of an object.
        case .string(let key)?: sent = ["api_key": .string(key)]
        case nil, .null?:
            sent = JSONObject()
            if let key = body["api_key"] { sent["api_key"] = key }
        default: throw .invalid("field '\(member)' must be an object")
        }
        takeMembers(into: &sent)
        if let scope = sent["scope"], sent["scopes"] == nil {
            sent["scopes"] =
                scope.stringValue.map { .strings($0.splitUTF8 { $0 == 0x20 || $0 == UInt8(ascii: ",") }.map(String.init)) } ?? scope
        }
        let known: Set = [
            "access_token", "refresh_token", "expires_in", "expires_at", "scopes", "api_key", "token_type", "type", "metadata",
        ]
        let fields = JSONObject(sent.members.filter { known.contains($0.key) && !$0.value.isNull })
        let path = "tokens/\(owner)/\(try environment())/\(platform)"
        return (try make(.update, path, body: fields.encoded()), .metadata)
    }

    /// What may stand beside the token instead of in it. What is in it wins, and a life time counts once.
    private func takeMembers(into sent: inout JSONObject) {
        var names = ["access_token", "refresh_token", "token_type", "api_key", "metadata", "type"]
        if sent["expires_at"] == nil, sent["expires_in"] == nil { names += ["expires_at", "expires_in"] }
        if sent["scopes"] == nil, sent["scope"] == nil { names += ["scopes", "scope"] }
        for name in names where sent[name] == nil { sent[name] = body[name] }
    }

    private func fetch() throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        var query: [(name: String, value: String)] = []
        if let scopes = body["scopes"], !scopes.isNull {
            // The connections mount parts a text at spaces and commas.
            let list = scopes.arrayValue?.compactMap(\.stringValue) ?? scopes.stringValue.map { [$0] }
            guard let list, list.count == scopes.arrayValue?.count ?? 1 else {
                throw .invalid("field 'scopes' must be a list of texts")
            }
            if !list.isEmpty { query.append(("scopes", list.joined(separator: ","))) }
        }
        if let minimum = body["min_ttl"], !minimum.isNull {
            guard let seconds = minimum.intValue, seconds >= 0 else { throw .invalid("field 'min_ttl' must be seconds") }
            query.append(("min_ttl", String(seconds)))
        }
        let path = "tokens/\(try owner())/\(try environment())/\(try platform(try text("platform")))"
        return (try make(.read, path, query: query), .token)
    }

    private func status() throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        let items = try items()
        func value(_ name: String) -> String? { items.first { $0.name == name }?.value }
        let owner: String
        switch (value("user_id"), value("project_id")) {
        case (let user?, nil): owner = try self.owner("user", user)
        case (nil, let project?): owner = try self.owner("project", project)
        default: throw .invalid("give user_id, or project_id")
        }
        var query = [(name: "environment", value: try environment())]
        if let state = value("state") { query.append((name: "state", value: state)) }
        return (try make(.read, "status/\(owner)", query: query), .status)
    }

    /// A person sets out for a provider, or comes back.
    private func browser(_ step: String) throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        guard step == "start" || step == "callback" else { throw .unknownRoute }
        let names = step == "start" ? ["state"] : ["state", "code", "error"]
        var fields = JSONObject()
        for item in try items() where names.contains(item.name) { fields[item.name] = .string(item.value) }
        if let secret = BrowserCookie.read(incoming.headers) { fields["browser"] = .string(secret) }
        var request = CoreRequest(id: incoming.id, operation: .update, path: mount + step, body: fields.encoded())
        request.connection = incoming.connection
        return (request, step == "start" ? .departing : .connected)
    }

    // MARK: Parts

    private func make(
        _ operation: Operation, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8] = []
    ) throws(EngineRefusal) -> CoreRequest {
        let credentials = try EngineCredentials.read(incoming.headers, named: self.body["engine_id"]?.stringValue)
        return CoreRequest(
            id: incoming.id, operation: operation, path: mount + path, query: query, body: body, credentials: credentials,
            connection: incoming.connection)
    }

    /// Decoded once; a slash or a dot that was encoded is none.
    private func segments() throws(EngineRefusal) -> [String] {
        let path: CanonicalPath
        do throws(CanonicalPath.Refusal) {
            path = try CanonicalPath(percentEncoded: String(incoming.path.dropFirstUTF8()))
        } catch {
            throw .invalid(error.rawValue)
        }
        guard !path.isFolder else { throw .unknownRoute }
        return path.text.splitUTF8(at: "/").map(String.init)
    }

    private func parsedBody() throws(EngineRefusal) -> JSONObject {
        let value = try? JSON(parsing: incoming.body)
        guard let object = value?.objectValue else {
            throw .invalid("the body must be a JSON object without repeated keys")
        }
        return object
    }

    private func items() throws(EngineRefusal) -> [(name: String, value: String)] {
        do throws(QueryItems.Refusal) { return try QueryItems.parse(incoming.query) } catch { throw .invalid(error.rawValue) }
    }

    private func text(_ name: String) throws(EngineRefusal) -> String {
        switch body[name] {
        case .string(let text)? where !text.isEmpty: return text
        // Ids that are numbers are common.
        case .number(let digits)?: return digits
        default: throw .invalid("missing field '\(name)'")
        }
    }

    private func owner() throws(EngineRefusal) -> String {
        let isUser = body["user_id"] != nil
        guard isUser != (body["project_id"] != nil) else { throw .invalid("give user_id, or project_id") }
        return isUser ? try owner("user", try text("user_id")) : try owner("project", try text("project_id"))
    }

    private func owner(_ kind: String, _ id: String) throws(EngineRefusal) -> String {
        try Self.segment("\(kind):\(id)", "\(kind)_id")
    }

    private func platform(_ name: String) throws(EngineRefusal) -> String {
        try Self.segment(Self.folded(name), "platform")
    }

    /// From the body, else from the query.
    private func environment() throws(EngineRefusal) -> String {
        let items = try items()
        guard let sent = body["environment"]?.stringValue ?? items.first(where: { $0.name == "environment" })?.value, !sent.isEmpty
        else { return "prod" }
        return try Self.segment(Self.folded(sent), "environment")
    }

    private static func folded(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// A name as one segment of a path: what the engine would refuse anyway never reaches the path.
    private static func segment(_ text: String, _ name: String) throws(EngineRefusal) -> String {
        let isPlain =
            (1...160).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || "._-@+=~|:".utf8.contains(byte)
            }
        guard isPlain, text != ".", text != ".." else {
            throw .invalid("'\(name)' has 1 to 128 letters, digits and any of . _ - @ + = ~ | :")
        }
        return text
    }
}
