import EngineKit
import Outbound
import Syntax

extension Probe {
    /// A request, and the parts of the credential that must not be shown.
    struct Prepared {
        var request: OutboundRequest
        var secrets: [String]
    }

    private static let valueBytesMax = 8_192

    /// Returns the request with the credential in its place, or nil if the value cannot be put there.
    ///
    /// - Parameter patterns: The forms of the provider's credentials. A value that is a URL must have one of them wholly.
    func prepared(with value: String, patterns: [KeyPattern], at time: Timestamp) -> Prepared? {
        guard (1...Self.valueBytesMax).contains(value.utf8.count), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return nil
        }
        var request = OutboundRequest(method, url, allowedHosts: allowedHosts ?? Self.host(of: url))
        request.headers = headers.map { ($0.name, $0.value) }
        request.body = Array(body.utf8)
        var secrets = [value]
        switch placement {
        case .bearer: request.headers.append(("authorization", "Bearer \(value)"))
        case .header(let name): request.headers.append((name, value))
        case .template(let name, let template):
            request.headers.append((name, template.replacingUTF8("{token}", with: value)))
        case .basic(let accountBytes):
            let fields = Self.fields(value)
            guard (2...3).contains(fields.count), let account = fields.first, accountBytes.contains(account.utf8.count),
                account.utf8.allSatisfy(\.isASCIILetterOrDigit)
            else { return nil }
            request.url = url.replacingUTF8("{account}", with: account)
            let pair = fields.suffix(2).joined(separator: ":")
            request.headers.append(("authorization", "Basic " + Base64.encode(Array(pair.utf8))))
            secrets += fields.dropFirst()
        case .path:
            guard patterns.contains(where: { $0.match(Array(value.utf8))?.isWhole == true }) else { return nil }
            request.url = url.replacingUTF8("{value}", with: value)
        case .url(let hosts):
            guard patterns.contains(where: { $0.match(Array(value.utf8))?.isWhole == true }) else { return nil }
            request.url = value
            request.allowedHosts = hosts
            secrets.append(String(value.lastUTF8Segment()))
        case .signature(let region, let service):
            let fields = Self.fields(value)
            guard (2...3).contains(fields.count) else { return nil }
            let signer = AWSSignature(
                id: fields[0], secret: fields[1], session: fields.count > 2 ? fields[2] : nil, region: region, service: service)
            guard let host = request.allowedHosts.first else { return nil }
            request.headers += signer.headers(of: request, host: host, at: time)
            secrets += fields.dropFirst()
        }
        return Prepared(request: request, secrets: secrets)
    }

    /// Returns the fields of a value, none of them empty.
    private static func fields(_ value: String) -> [String] {
        let fields = value.splitUTF8(at: ":", omittingEmpty: false).map { String($0) }
        return fields.contains("") ? [] : fields
    }

    private static func host(of url: String) -> [String] { OutboundURL(url).map { [$0.host] } ?? [] }
}
