import NIOHTTP1
import Syntax

/// What the shell needs to know of a head that it lets pass.
struct AdmittedHead {
    var path: String
    var query: String
    /// nil when chunked, or over HTTP/2 when not announced.
    var contentLength: Int?
    var hasBody: Bool
    var expectsContinue: Bool
}

extension AdmittedHead {
    /// Headers that change who is asking or how the body is read: each may come once.
    fileprivate struct Singles {
        var host = false
        var expect: String?
        var token = false
        var authorization = false
        var contentType = false
        var contentLength: String?
        var contentEncoding: String?
        var transferEncoding: String?
        var wrapTTL = false
        var namespace = false
        var bytes = 0
    }

    /// Checks the head of one request against the limits; nothing of its body has been read yet.
    init(target: String, headers: HTTPHeaders, isHTTP2: Bool, isHTTP10: Bool = false, limits: RequestLimits) throws(HTTPRefusal) {
        guard target.utf8.count <= limits.targetBytesMax else { throw .targetTooLong }
        guard headers.count <= limits.headerCountMax else { throw .headersTooLarge }
        var singles = Singles()
        for (name, value) in headers { try singles.take(name, value) }
        guard singles.bytes <= limits.headerBytesMax else { throw .headersTooLarge }
        guard isHTTP2 || isHTTP10 || singles.host else { throw .noHost }

        if let encoding = singles.contentEncoding, !encoding.isEmpty, !encoding.equals("identity") { throw .contentEncoding }
        if let expectation = singles.expect {
            guard expectation.equals("100-continue") else { throw .expectation }
            expectsContinue = !isHTTP10
        } else {
            expectsContinue = false
        }
        if let encoding = singles.transferEncoding {
            guard singles.contentLength == nil else { throw .twoLengths }
            guard !isHTTP2, !isHTTP10, encoding.equals("chunked") else { throw .badTransferEncoding }
        }
        contentLength = nil
        if let text = singles.contentLength {
            guard let length = Self.length(text) else { throw .badContentLength }
            guard length <= limits.bodyBytesMax else { throw .bodyTooLarge }
            contentLength = length
        }
        hasBody = singles.transferEncoding != nil || (contentLength ?? 0) > 0
        (path, query) = try Self.split(target)
    }

    /// The path of a target whose head was refused, for the record; nil when the target is none.
    static func path(ofRefused target: String, limits: RequestLimits) -> String? {
        guard target.utf8.count <= limits.targetBytesMax else { return nil }
        return try? split(target).path
    }

    private static func length(_ text: String) -> Int? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }) else { return nil }
        return Int(text)
    }

    private static func split(_ target: String) throws(HTTPRefusal) -> (path: String, query: String) {
        let bytes = target.utf8
        guard bytes.first == UInt8(ascii: "/") else { throw .badTarget }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "#") }) else { throw .badTarget }
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return (target, "") }
        return (String(target[..<mark]), String(target[bytes.index(after: mark)...]))
    }
}

extension AdmittedHead.Singles {
    fileprivate mutating func take(_ name: String, _ value: String) throws(HTTPRefusal) {
        bytes += name.utf8.count + value.utf8.count + 4
        switch name.utf8.count {
        case 4 where name.equals("host"): try Self.once(&host, "Host")
        case 6 where name.equals("expect"): try Self.once(&expect, value, "Expect")
        case 12 where name.equals("content-type"): try Self.once(&contentType, "Content-Type")
        case 13 where name.equals("x-vault-token"): try Self.once(&token, "X-Vault-Token")
        case 13 where name.equals("authorization"): try Self.once(&authorization, "Authorization")
        case 14 where name.equals("content-length"): try Self.once(&contentLength, value, "Content-Length")
        case 16 where name.equals("content-encoding"): try Self.once(&contentEncoding, value, "Content-Encoding")
        case 16 where name.equals("x-vault-wrap-ttl"): try Self.once(&wrapTTL, "X-Vault-Wrap-TTL")
        case 17 where name.equals("transfer-encoding"): try Self.once(&transferEncoding, value, "Transfer-Encoding")
        case 17 where name.equals("x-vault-namespace"): try Self.once(&namespace, "X-Vault-Namespace")
        default: break
        }
    }

    private static func once(_ seen: inout Bool, _ name: StaticString) throws(HTTPRefusal) {
        guard !seen else { throw .repeated(name) }
        seen = true
    }

    private static func once(_ seen: inout String?, _ value: String, _ name: StaticString) throws(HTTPRefusal) {
        guard seen == nil else { throw .repeated(name) }
        seen = value
    }
}

extension String {
    /// Compares with lower-case ASCII, whatever the case of this text.
    package func equals(_ lowercase: StaticString) -> Bool {
        guard utf8.count == lowercase.utf8CodeUnitCount else { return false }
        var position = 0
        for byte in utf8 {
            let folded = byte.asciiLowercased
            guard folded == lowercase.utf8Start[position] else { return false }
            position += 1
        }
        return true
    }
}
