import NIOHTTP1
import Syntax

/// The parts of a request's head that the shell uses, after the head has passed its checks.
struct AdmittedHead {
    /// The target before the first `?`, percent-encoded.
    var path: String
    /// The target after the first `?`, percent-encoded; empty if there is none.
    var query: String
    /// The length of the body in bytes, or nil if it is chunked or, with HTTP/2, not announced.
    var contentLength: Int?
    /// Whether a body follows the head. Not known in advance with HTTP/2.
    var hasBody: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool
    /// Whether the head has one of the headers of RFC 9440, by which a proxy says which certificate the client has.
    var hasClientCertificates: Bool
}

extension AdmittedHead {
    /// The headers that identify the caller or determine how the body is read. Each may occur once.
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
        var clientCertificates = false
        var bytes = 0
    }

    /// Checks the head of a request, before its body is read.
    ///
    /// - Throws: The refusal of the first check that fails.
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
        hasClientCertificates = singles.clientCertificates
        contentLength = nil
        if let text = singles.contentLength {
            guard let length = Self.length(text) else { throw .badContentLength }
            guard length <= limits.bodyBytesMax else { throw .bodyTooLarge }
            contentLength = length
        }
        hasBody = singles.transferEncoding != nil || (contentLength ?? 0) > 0
        (path, query) = try Self.split(target)
    }

    /// Returns the path of a request whose head was refused, for the audit log, or nil if the target is not a path.
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
        case 6 where name.equals("expect"): try Self.once(&expect, value, name: "Expect")
        case 11 where name.equals("client-cert"): clientCertificates = true
        case 12 where name.equals("content-type"): try Self.once(&contentType, "Content-Type")
        case 13 where name.equals("x-vault-token"): try Self.once(&token, "X-Vault-Token")
        case 13 where name.equals("authorization"): try Self.once(&authorization, "Authorization")
        case 14 where name.equals("content-length"): try Self.once(&contentLength, value, name: "Content-Length")
        case 16 where name.equals("content-encoding"): try Self.once(&contentEncoding, value, name: "Content-Encoding")
        case 16 where name.equals("x-vault-wrap-ttl"): try Self.once(&wrapTTL, "X-Vault-Wrap-TTL")
        case 17 where name.equals("transfer-encoding"): try Self.once(&transferEncoding, value, name: "Transfer-Encoding")
        case 17 where name.equals("client-cert-chain"): clientCertificates = true
        case 17 where name.equals("x-vault-namespace"): try Self.once(&namespace, "X-Vault-Namespace")
        default: break
        }
    }

    /// Records that a header was seen, and refuses a second one.
    private static func once(_ seen: inout Bool, _ name: StaticString) throws(HTTPRefusal) {
        guard !seen else { throw .repeated(name) }
        seen = true
    }

    /// Records the value of a header, and refuses a second one.
    private static func once(_ seen: inout String?, _ value: String, name: StaticString) throws(HTTPRefusal) {
        guard seen == nil else { throw .repeated(name) }
        seen = value
    }
}

extension String {
    /// Returns whether the text equals lower-case ASCII when its own case is ignored.
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
