import EngineKit
import HTTPShell
import Syntax

extension ListenerReader {
    static let proxyKeys: Set<String> = [
        "x_forwarded_for_authorized_addrs", "x_forwarded_for_hop_skips", "x_forwarded_for_reject_not_authorized",
        "x_forwarded_for_reject_not_present", "x_forwarded_for_client_cert_header", "x_forwarded_for_client_cert_decoders",
        "x_forwarded_for_client_cert_header_decoders", "proxy_protocol_behavior", "proxy_protocol_authorized_addrs",
    ]

    /// Reads what the listener takes from proxies.
    func applyProxies(to settings: inout ListenerSettings) throws(HCLError) {
        settings.forwarding = try forwarding()
        settings.forwardedCertificate = try forwardedCertificate()
        settings.proxyProtocol = try proxyProtocol()
        // The header replaces the address by which a trusted proxy is known.
        guard settings.proxyProtocol?.behavior != .always || settings.forwarding?.authorized.isEmpty ?? true else {
            throw body.error(
                "proxy_protocol_behavior",
                "must not be \"use_always\" together with x_forwarded_for_authorized_addrs, because anybody could claim to be a "
                    + "trusted proxy; use \"deny_unauthorized\"")
        }
    }

    private func forwarding() throws(HCLError) -> ForwardedFor? {
        guard let ranges = try body.addressRanges("x_forwarded_for_authorized_addrs") else { return nil }
        let skips = try body.int("x_forwarded_for_hop_skips") ?? 0
        guard (0...32).contains(skips) else { throw body.error("x_forwarded_for_hop_skips", "must be a number from 0 to 32") }
        return ForwardedFor(
            authorized: ranges, hopSkips: skips,
            rejectsUnauthorized: try body.bool("x_forwarded_for_reject_not_authorized") ?? true,
            rejectsAbsent: try body.bool("x_forwarded_for_reject_not_present") ?? true)
    }

    private func forwardedCertificate() throws(HCLError) -> ForwardedCertificate? {
        let key = "x_forwarded_for_client_cert_header"
        guard let header = try body.text(key), !header.isEmpty else { return nil }
        guard header.utf8.count <= 64, header.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") }) else {
            throw body.error(key, "must be the name of a header such as \"Client-Cert\"")
        }
        guard !Self.headersOfTheirOwn.contains(header.lowercased()) else {
            throw body.error(key, "must not be a header that has another meaning")
        }
        guard let ranges = try body.addressRanges("x_forwarded_for_authorized_addrs"), !ranges.isEmpty else {
            throw body.error(
                key, "needs x_forwarded_for_authorized_addrs: only a known proxy may say which certificate a client has")
        }
        return ForwardedCertificate(
            header: header, decoders: try decoders(of: header), authorized: ranges,
            rejectsUnauthorized: try body.bool("x_forwarded_for_reject_not_authorized") ?? true)
    }

    /// Headers that a client certificate cannot be in.
    private static let headersOfTheirOwn: Set = [
        "host", "authorization", "x-vault-token", "x-vault-namespace", "x-vault-request", "x-forwarded-for", "content-type",
        "content-length", "transfer-encoding", "connection", "cookie",
    ]

    /// Reads the steps of decoding, under OpenBao's key or Vault's. `Client-Cert` is decoded as RFC 9440 says unless they say otherwise.
    private func decoders(of header: String) throws(HCLError) -> [ForwardedCertificate.Decoder] {
        for key in ["x_forwarded_for_client_cert_decoders", "x_forwarded_for_client_cert_header_decoders"] {
            guard let texts = try body.strings(key) else { continue }
            var decoders: [ForwardedCertificate.Decoder] = []
            for text in texts.flatMap({ $0.splitUTF8(at: ",") }) {
                guard let decoder = Self.decoders[text.filter { $0 != " " }.uppercased()], decoders.count < 4 else {
                    throw body.error(key, "must be a list of URL, PEM, RFC9440, or of Vault's URL, BASE64 and DER")
                }
                decoders.append(decoder)
            }
            return decoders
        }
        return header.lowercased() == "client-cert" ? [.rfc9440] : []
    }

    /// Vault's `DER` turns PEM into DER.
    private static let decoders: [String: ForwardedCertificate.Decoder] = [
        "URL": .url, "PEM": .pem, "DER": .pem, "RFC9440": .rfc9440, "BASE64": .base64,
    ]

    private func proxyProtocol() throws(HCLError) -> ProxyProtocol? {
        let (key, list) = ("proxy_protocol_behavior", "proxy_protocol_authorized_addrs")
        let ranges = try body.addressRanges(list) ?? []
        let behavior: ProxyProtocol.Behavior
        switch try body.text(key) {
        case nil, "":
            guard ranges.isEmpty else { throw body.error(list, "needs \(key)") }
            return nil
        case "use_always": behavior = .always
        case "allow_authorized": behavior = .authorized
        case "deny_unauthorized": behavior = .authorizedOnly
        default: throw body.error(key, "must be \"use_always\", \"allow_authorized\" or \"deny_unauthorized\"")
        }
        guard behavior == .always || !ranges.isEmpty else { throw body.error(key, "needs \(list)") }
        return ProxyProtocol(behavior, authorized: ranges)
    }
}
