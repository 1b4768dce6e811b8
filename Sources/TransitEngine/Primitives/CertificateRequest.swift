import EngineKit

/// A PKCS #10 request (RFC 2986) for a key that never leaves.
enum CertificateRequest {
    /// - Parameter template: PEM of a request whose subject and attributes are taken over; its key and signature are not.
    static func make(_ version: KeyVersion, template: String?, _ randomness: any Randomness) throws(CofferError) -> String {
        guard let info = PublicKeyInfo.der(of: version), let algorithm = PublicKeyInfo.signature(version.type) else {
            throw .invalid("key type \(version.type.rawValue) does not support certificate signing requests")
        }
        var (subject, attributes) = (DER.make(DER.sequence), DER.make(0xA0))
        if let template, !template.isEmpty { (subject, attributes) = try read(template) }
        let request = DER.make(DER.sequence, DER.make(DER.integer, [0]), subject, info, attributes)
        let input = SigningInput(
            digest: algorithm.hash?.digest(request) ?? request, hash: algorithm.hash, padding: .pkcs1v15)
        let signature = try version.key.sign(input, isRaw: false, randomness)
        return PEM.text("CERTIFICATE REQUEST", DER.make(DER.sequence, request, algorithm.identifier, DER.bits(signature)))
    }

    private static func read(_ pem: String) throws(CofferError) -> (subject: [UInt8], attributes: [UInt8]) {
        guard let der = PEM.blocks("CERTIFICATE REQUEST", in: pem)?.first, let info = DER.read(der)?.children?.first?.children,
            info.count == 4, info[1].tag == DER.sequence, info[3].tag == 0xA0
        else { throw .invalid("could not parse the certificate signing request") }
        return (Array(info[1].whole), Array(info[3].whole))
    }

    /// The DER of each certificate, the leaf first; throws unless the leaf is for this key.
    static func chain(_ pem: String, for version: KeyVersion) throws(CofferError) -> [[UInt8]] {
        guard let chain = PEM.blocks("CERTIFICATE", in: pem) else { throw .invalid("could not parse the certificate chain") }
        try check(chain, for: version)
        return chain
    }

    /// Throws unless all are certificates, and the first is for this key.
    static func check(_ chain: [[UInt8]], for version: KeyVersion) throws(CofferError) {
        guard chain.count <= KeySettings.certificatesMax else { throw .invalid("the certificate chain is too long") }
        for (index, certificate) in chain.enumerated() {
            guard let found = publicKeyInfo(ofCertificate: certificate) else {
                throw .invalid("could not parse the certificate chain")
            }
            guard index > 0 || found == PublicKeyInfo.der(of: version) else {
                throw .invalid("leaf certificate public key does not match the key version selected")
            }
        }
    }

    /// tbsCertificate: version [0] (optional), serial, signature, issuer, validity, subject, then the key.
    private static func publicKeyInfo(ofCertificate der: [UInt8]) -> [UInt8]? {
        guard let parts = DER.read(der)?.children, parts.count == 3, var fields = parts[0].children else { return nil }
        if fields.first?.tag == 0xA0 { fields.removeFirst() }
        guard fields.count >= 6, fields[5].tag == DER.sequence else { return nil }
        return Array(fields[5].whole)
    }
}
