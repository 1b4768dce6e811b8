import Certificates
import EngineKit

extension KeyVersion {
    /// Returns a PKCS #10 request for this key, signed with it, in PEM.
    ///
    /// - Parameter template: A request in PEM whose subject and attributes are used. Its key and signature are ignored.
    func certificateRequest(template: String?) throws(CofferError) -> String {
        guard let publicKeyInfo, let (algorithm, hash) = type.requestSignature else {
            throw .invalid("key type \(type.rawValue) does not support certificate signing requests")
        }
        var content = CertificateRequest.Content(publicKey: publicKeyInfo)
        if let template, !template.isEmpty {
            guard let first = PEM.documents(in: template, label: .certificateRequest)?.first,
                let read = try? CertificateRequest(der: first)
            else { throw .invalid("could not parse the certificate signing request") }
            content = read.content.requesting(publicKeyInfo)
        }
        let signed = content.der
        let input = SigningInput(digest: hash?.digest(signed) ?? signed, hash: hash, padding: .pkcs1v15)
        let signature = try key.sign(input, isRaw: false)
        let request = CertificateRequest(content, signatureAlgorithm: algorithm, signature: signature)
        return PEM.text(request.der, label: .certificateRequest)
    }

    /// Returns the DER of each certificate in `pem`, the leaf first. Throws unless the leaf is for this key.
    func certificates(inPEM pem: String) throws(CofferError) -> [[UInt8]] {
        guard let chain = PEM.documents(in: pem, label: .certificate) else {
            throw .invalid("could not parse the certificate chain")
        }
        try check(chain)
        return chain
    }

    /// Throws unless all of `chain` are certificates, and the first of them is for this key.
    func check(_ chain: [[UInt8]]) throws(CofferError) {
        guard chain.count <= KeySettings.certificatesMax else { throw .invalid("the certificate chain is too long") }
        for (index, der) in chain.enumerated() {
            guard let certified = try? CertifiedKey(der: der) else { throw .invalid("could not parse the certificate chain") }
            guard index > 0 || certified.publicKey == publicKeyInfo else {
                throw .invalid("leaf certificate public key does not match the key version selected")
            }
        }
    }
}
