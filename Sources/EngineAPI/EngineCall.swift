import Core
import EngineKit
import HTTPShell
import Syntax

/// A call of the Engine API, translated into the request to the connections mount that answers it.
struct EngineCall {
    /// Why a call cannot be answered, with a request that shows whether the caller may be told.
    struct Malformed: Error {
        var refusal: EngineRefusal
        var probe: CoreRequest?
    }

    var request: CoreRequest
    var reply: EngineReply

    /// Checks the route first, then the credentials, then the fields, so that an unknown caller does not learn which fields
    /// a call needs.
    init(_ incoming: ShellRequest, mount: String) throws(Malformed) {
        let route: EngineRoute
        let credentials: CoreRequest.Credentials
        do throws(EngineRefusal) {
            route = try EngineRoute(incoming.method, try Self.segments(incoming.path))
            if case .browser = route { credentials = .none } else { credentials = try EngineCredentials.read(incoming.headers) }
        } catch {
            throw Malformed(refusal: error)
        }
        do throws(EngineRefusal) {
            var reader = EngineReader(incoming, route, credentials: credentials, mount: mount)
            (request, reply) = try reader.call()
        } catch {
            var malformed = Malformed(refusal: error)
            if let probe = route.probe {
                malformed.probe = CoreRequest(
                    id: incoming.id, operation: probe.operation, path: mount + probe.path, credentials: credentials,
                    connection: incoming.connection)
            }
            throw malformed
        }
    }

    /// Splits the path and decodes its segments once. An encoded slash or dot does not separate segments.
    private static func segments(_ path: String) throws(EngineRefusal) -> [String] {
        let canonical: CanonicalPath
        do throws(CanonicalPath.Refusal) {
            canonical = try CanonicalPath(percentEncoded: String(path.dropFirstUTF8()))
        } catch {
            throw .invalid(error.rawValue)
        }
        guard !canonical.isFolder else { throw .unknownRoute }
        return canonical.text.splitUTF8(at: "/").map(String.init)
    }
}

/// Reads the fields of a call.
private struct EngineReader {
    private let incoming: ShellRequest
    private let route: EngineRoute
    private let credentials: CoreRequest.Credentials
    private let mount: String
    private var body = JSONObject()

    init(_ request: ShellRequest, _ route: EngineRoute, credentials: CoreRequest.Credentials, mount: String) {
        incoming = request
        self.route = route
        self.credentials = credentials
        self.mount = mount
    }

    mutating func call() throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        body = try parsedBody()
        switch route {
        case .storeToken: return try store(try owner(), in: "token")
        case .getToken: return try fetch()
        case .status: return try status()
        case .browser(let step): return try browser(step)
        case .projectStore:
            let member = body["token_data"] == nil ? "token" : "token_data"
            return try store(try owner("project", try text("project_id", "projectId", "project")), in: member)
        case .serviceStore:
            return try store(try owner("project", try text("project", "project_id", "projectId")), in: "token")
        case .projectToken(let project, let name):
            let query = try items().filter { $0.name == "scopes" || $0.name == "min_ttl" }
            return (try make(.read, "tokens/\(try place(project, name))", query: query), .projectToken)
        case .deleteToken(let project, let name): return (try make(.delete, "tokens/\(try place(project, name))"), .metadata)
        case .deleteProject(let name): return (try make(.delete, "owners/\(try owner("project", name))"), .metadata)
        case .projectTokens(let name):
            let query = [(name: "environment", value: try environment()), (name: "detailed", value: "true")]
            return (try make(.read, "status/\(try owner("project", name))", query: query), .projectTokens(name))
        case .projects:
            var query: [(name: String, value: String)] = [(name: "kind", value: "project")]
            for item in try items() where item.name == "after" || item.name == "limit" {
                query.append((item.name, item.name == "after" ? "project:" + item.value : item.value))
            }
            return (try make(.list, "owners/", query: query), .projects)
        }
    }

    // MARK: Routes

    private func store(_ owner: String, in member: String) throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        let platform = try platform(try text("platform", "service"))
        var sent: JSONObject
        switch body[member] {
        case .object(let object)?: sent = object
        // The oldest form of the API: a bare key instead of an object.
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

    /// Takes the members that may be sent next to the token instead of within it. A member within the token takes
    /// precedence, and only one lifetime is used.
    private func takeMembers(into sent: inout JSONObject) {
        var names = ["access_token", "refresh_token", "token_type", "api_key", "metadata", "type"]
        if sent["expires_at"] == nil, sent["expires_in"] == nil { names += ["expires_at", "expires_in"] }
        if sent["scopes"] == nil, sent["scope"] == nil { names += ["scopes", "scope"] }
        for name in names where sent[name] == nil { sent[name] = body[name] }
    }

    private func fetch() throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        var query: [(name: String, value: String)] = []
        if let scopes = body["scopes"], !scopes.isNull {
            // The connections mount splits a string at spaces and commas.
            let list = scopes.arrayValue?.compactMap(\.stringValue) ?? scopes.stringValue.map { [$0] }
            guard let list, list.count == scopes.arrayValue?.count ?? 1 else {
                throw .invalid("field 'scopes' must be a list of strings")
            }
            if !list.isEmpty { query.append(("scopes", list.joined(separator: ","))) }
        }
        if let minimum = body["min_ttl"], !minimum.isNull {
            guard let seconds = minimum.intValue ?? minimum.stringValue.flatMap({ Int($0) }), seconds >= 0 else {
                throw .invalid("field 'min_ttl' must be a number of seconds, 0 or more")
            }
            query.append(("min_ttl", String(seconds)))
        }
        let path = "tokens/\(try owner())/\(try environment())/\(try platform(try text("platform", "service")))"
        return (try make(.read, path, query: query), .token)
    }

    private func status() throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        var query = [(name: "environment", value: try environment())]
        if let state = body["state"]?.stringValue { query.append((name: "state", value: state)) }
        return (try make(.read, "status/\(try owner())", query: query), .status)
    }

    private func browser(_ step: String) throws(EngineRefusal) -> (CoreRequest, EngineReply) {
        let names = step == "start" ? ["state"] : ["state", "code", "error"]
        var fields = JSONObject()
        for item in try items() where names.contains(item.name) { fields[item.name] = .string(item.value) }
        if let secret = BrowserCookie.read(.secure, incoming.headers) { fields["browser"] = .string(secret) }
        let state = fields["state"]?.stringValue ?? ""
        if let secret = BrowserCookie.read(.plain(state: state), incoming.headers) { fields["browser_plain"] = .string(secret) }
        return (try make(.update, step, body: fields.encoded()), step == "start" ? .departing(state: state) : .connected)
    }

    // MARK: Parts

    private func make(
        _ operation: Operation, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8] = []
    ) throws(EngineRefusal) -> CoreRequest {
        CoreRequest(
            id: incoming.id, operation: operation, path: mount + path, query: query, body: body,
            credentials: EngineCredentials.named(self.body["engine_id"]?.stringValue, credentials), connection: incoming.connection)
    }

    /// Returns the members of the body. Where they include no secret, they may also be in the query, as in a GET.
    private func parsedBody() throws(EngineRefusal) -> JSONObject {
        guard incoming.method == "POST" || route.takesQueryForBody else { return [:] }
        if route.takesQueryForBody, incoming.body.isEmpty || incoming.method == "GET" {
            return JSONObject(try items().map { .init(key: $0.name, value: .string($0.value)) })
        }
        guard let object = (try? JSON(parsing: incoming.body))?.objectValue else {
            throw .invalid("the body must be a JSON object without repeated keys")
        }
        return object
    }

    private func items() throws(EngineRefusal) -> [(name: String, value: String)] {
        do throws(QueryItems.Refusal) { return try QueryItems.parse(incoming.query) } catch { throw .invalid(error.rawValue) }
    }

    /// Returns the string of the first of these members that was sent.
    private func text(_ names: String...) throws(EngineRefusal) -> String {
        let name = names.first { body[$0].map { !$0.isNull } ?? false } ?? names[0]
        switch body[name] {
        case .string(let text)? where !text.isEmpty: return text
        // Ids are often sent as numbers.
        case .number(let digits)?: return digits
        default: throw .invalid("missing field '\(name)'")
        }
    }

    private func owner() throws(EngineRefusal) -> String {
        let isUser = body["user_id"] != nil
        guard isUser != (body["project_id"] != nil) else { throw .invalid("send user_id or project_id, and not both") }
        return isUser ? try owner("user", try text("user_id")) : try owner("project", try text("project_id"))
    }

    private func place(_ project: String, _ name: String) throws(EngineRefusal) -> String {
        "\(try owner("project", project))/\(try environment())/\(try platform(name))"
    }

    private func platform(_ name: String) throws(EngineRefusal) -> String { try Self.word(name, "platform") }

    /// Returns the environment from the body, else from the query, or `prod` if neither has one.
    private func environment() throws(EngineRefusal) -> String {
        let items = try items()
        guard let sent = body["environment"]?.stringValue ?? items.first(where: { $0.name == "environment" })?.value, !sent.isEmpty
        else { return "prod" }
        return try Self.word(sent, "environment")
    }

    // MARK: Names as segments of a path

    /// Returns the path segment of an owner. Ids that the connections mount would refuse are refused here.
    private func owner(_ kind: String, _ id: String) throws(EngineRefusal) -> String {
        let text = "\(kind):\(id)"
        guard id != ".", id != "..", let path = try? CanonicalPath(decoded: text), path.text.equalsUTF8(text),
            !text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") })
        else { throw .invalid("'\(kind)_id' must not contain control characters, slashes or backslashes") }
        return PercentEncoding.segment(text)
    }

    private static func word(_ text: String, _ name: String) throws(EngineRefusal) -> String {
        let folded = String(decoding: text.utf8.map { $0.asciiLowercased }, as: UTF8.self)
        let isPlain = (1...64).contains(folded.utf8.count) && folded.utf8.allSatisfy(isWord)
        guard isPlain else { throw .invalid("'\(name)' must be 1 to 64 ASCII letters, digits, '_' or '-'") }
        return folded
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIILowercase || byte.isASCIIDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}
