import NIOSSL
import Syntax

/// Whether a certificate that NIOSSL has verified is one for a host name (RFC 9525).
///
/// NIOSSL also accepts a certificate for the address that was connected to. Public authorities issue certificates for addresses,
/// so that would let whoever forges a DNS answer pose as the host.
package enum HostIdentity {
    /// Whether the certificate is for the host. One without alternative names is accepted, because NIOSSL has then compared the
    /// common name with the host.
    static func certificate(_ certificate: NIOSSLCertificate, isFor host: String) -> Bool {
        var hasAlternatives = false
        for name in certificate._subjectAlternativeNames() {
            hasAlternatives = true
            if name.nameType == .dnsName, pattern(String(decoding: name.contents, as: UTF8.self), matches: host) { return true }
        }
        return !hasAlternatives
    }

    /// Whether a DNS name of a certificate is the host. A first label of `*` stands for one whole label.
    package static func pattern(_ pattern: String, matches host: String) -> Bool {
        let pattern = pattern.lowercased()
        guard let rest = pattern.removingUTF8Prefix("*.") else { return pattern == host }
        guard let (label, tail) = host.cutUTF8(at: ".") else { return false }
        return !label.isEmpty && tail == rest && tail.containsUTF8(".")
    }
}
