import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax

extension CoreRequest {
    /// Creates a request of the core from the method, the headers and the query, which are interpreted like Vault does.
    ///
    /// - Throws: A refusal if one of them is malformed or not supported. The JSON of the body is not parsed yet.
    init(vault request: ShellRequest, prefix: String) throws(HTTPRefusal) {
        let headers = try VaultHeaders(request.headers)
        let query: [(name: String, value: String)]
        do throws(QueryItems.Refusal) { query = try QueryItems.parse(request.query) } catch {
            throw HTTPRefusal(400, error.rawValue)
        }
        let call = try VaultCall(method: request.method, query: query, contentType: headers.contentType, body: request.body)
        self.init(
            id: request.id, operation: call.operation, path: String(Substring(request.path.utf8.dropFirst(prefix.utf8.count))),
            query: call.query,
            body: call.ignoresBody ? [] : request.body, credentials: headers.credentials,
            connection: request.connection, wrapTTL: headers.wrapTTL, headers: headers.recorded)
        contentType = headers.contentType
        authorization = headers.authorization
        isForm = call.isForm
        isHead = request.method == "HEAD"
    }
}

/// The operation that a method and a query mean.
struct VaultCall {
    var operation: Operation
    var query: [(name: String, value: String)]
    /// Whether the body is ignored. Some clients send one with GET by mistake.
    var ignoresBody = false
    /// Whether the body is a form, judged by its first character. Only the pipeline knows whether the route accepts one.
    var isForm = false

    init(method: String, query: [(name: String, value: String)], contentType: String, body: [UInt8]) throws(HTTPRefusal) {
        self.query = query.filter { !["list", "scan", "help"].contains($0.name) }
        func isSet(_ name: String) throws(HTTPRefusal) -> Bool {
            guard let item = query.first(where: { $0.name == name }) else { return false }
            switch item.value.lowercased() {
            case "true", "1", "t": return true
            case "false", "0", "f", "": return false
            default: throw HTTPRefusal(400, "the query parameter \"\(name)\" must be true or false")
            }
        }
        switch method {
        case "GET", "HEAD":
            ignoresBody = true
            if try isSet("help") {
                operation = .help
            } else if try isSet("list") {
                operation = .list
            } else if try isSet("scan") {
                operation = .list
                self.query.append(("recursive", "true"))
            } else {
                operation = .read
            }
        case "LIST", "SCAN":
            ignoresBody = true
            operation = .list
            if method == "SCAN" { self.query.append(("recursive", "true")) }
        case "POST", "PUT":
            operation = .update
            isForm = Self.isForm(body, contentType)
        case "PATCH":
            operation = .patch
            guard Self.mediaType(contentType) == "application/merge-patch+json" else {
                throw HTTPRefusal(415, "PATCH requires the Content-Type application/merge-patch+json")
            }
        case "DELETE":
            operation = .delete
            isForm = Self.isForm(body, contentType)
        default:
            throw HTTPRefusal(405, "method not allowed")
        }
    }

    /// Returns whether a body is a form. `curl -d` declares a form even if it sends JSON, so, as in Vault, the first character decides.
    private static func isForm(_ body: [UInt8], _ contentType: String) -> Bool {
        switch mediaType(contentType) {
        case "application/x-www-form-urlencoded":
            let first = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            return first != nil && first != UInt8(ascii: "{")
        case "multipart/form-data": return true
        default: return false
        }
    }

    /// Returns the media type without its parameters, in lower case.
    private static func mediaType(_ contentType: String) -> String {
        contentType.prefixUTF8 { $0 != UInt8(ascii: ";") }.trimmingUTF8 { $0 == 0x20 || $0 == 0x09 }.lowercased()
    }
}
