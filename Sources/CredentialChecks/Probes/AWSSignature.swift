import Crypto
import EngineKit
import Outbound
import Syntax

/// Signs a request to AWS (signature version 4).
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
struct AWSSignature {
    let id: String
    let secret: String
    let session: String?
    let region: String
    let service: String

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// Returns the headers that sign a request for the root path of a host, without a query.
    func headers(of request: OutboundRequest, host: String, at time: Timestamp) -> [(name: String, value: String)] {
        let stamp = Self.stamp(time)
        let day = String(stamp.prefixUTF8(8))
        var signed = [("host", host), ("x-amz-date", stamp)]
        if let session { signed.append(("x-amz-security-token", session)) }
        let names = signed.map(\.0).joined(separator: ";")
        let canonical = [
            request.method.rawValue, "/", "", signed.map { "\($0.0):\($0.1)\n" }.joined(), names,
            Hex.encode(SHA256.hash(data: request.body)),
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let text = [Self.algorithm, stamp, scope, Hex.encode(SHA256.hash(data: Array(canonical.utf8)))].joined(separator: "\n")
        let key = [region, service, "aws4_request"].reduce(Self.mac(day, Array("AWS4\(secret)".utf8))) { Self.mac($1, $0) }
        let signature = Hex.encode(Self.mac(text, key))
        let authorization = "\(Self.algorithm) Credential=\(id)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
        return signed.dropFirst().map { ($0.0, $0.1) } + [("authorization", authorization)]
    }

    private static func mac(_ text: String, _ key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    /// `20150830T123600Z`
    private static func stamp(_ time: Timestamp) -> String {
        time.description.prefixUTF8(19).replacingUTF8("-", with: "").replacingUTF8(":", with: "") + "Z"
    }
}
