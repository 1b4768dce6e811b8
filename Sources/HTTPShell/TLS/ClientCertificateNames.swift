import NIOSSL

/// The names in a client's certificate, which the TLS handshake has verified: its common names and alternative names.
///
/// Each stands there bare and with its kind: `CN=billing` and `billing`, `DNS:a.example` and `a.example`, `URI:…`, `EMAIL:…`.
enum ClientCertificateNames {
    private static let namesMax = 64
    private static let kinds = ["CN=", "DNS:", "URI:", "EMAIL:"]

    static func names(of certificate: NIOSSLCertificate) -> [String] {
        var names: [String] = []
        func add(_ kind: String, _ name: String) {
            names.append(kind + name)
            // A common name `URI:…` is not taken for an alternative name of that kind.
            if !kinds.contains(where: name.hasPrefix) { names.append(name) }
        }
        if let bytes = try? certificate.toDERBytes() {
            for name in commonNames(bytes) { add("CN=", name) }
        }
        for alternative in certificate._subjectAlternativeNames() where names.count < 2 * namesMax {
            let kind: String
            switch alternative.nameType {
            case .dnsName: kind = "DNS:"
            case .uri: kind = "URI:"
            case .email: kind = "EMAIL:"
            default: continue
            }
            let text = alternative.contents.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
            if let text, !text.contains("\0") { add(kind, text) }
        }
        return names
    }

    /// X.509 (RFC 5280, section 4.1): the subject is the fifth of the required fields.
    private static func commonNames(_ bytes: [UInt8]) -> [String] {
        var outer = DERReader(bytes[...])
        guard var certificate = outer.constructed(0x30), var fields = certificate.constructed(0x30) else { return [] }
        if fields.peek == 0xA0 { _ = fields.next() }
        for _ in 0..<4 { guard fields.next() != nil else { return [] } }
        guard var subject = fields.constructed(0x30) else { return [] }
        var names: [String] = []
        while var set = subject.constructed(0x31), names.count < namesMax {
            while var pair = set.constructed(0x30) {
                guard let type = pair.next(), let value = pair.next(), type.tag == 0x06, type.content.elementsEqual(commonName),
                    [0x0C, 0x13, 0x16].contains(value.tag), let text = String(validating: value.content, as: UTF8.self),
                    !text.contains("\0")
                else { continue }
                names.append(text)
            }
        }
        return names
    }

    /// 2.5.4.3
    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]
}

/// Reads DER one element after the other; nil where it ends or is malformed.
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var peek: UInt8? { rest.first }

    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return (tag, content)
    }

    mutating func constructed(_ tag: UInt8) -> DERReader? {
        guard peek == tag, let element = next() else { return nil }
        return DERReader(element.content)
    }
}
