// Whoever is between the server and a responder feeds these readers; clients feed the first.
import Certificates

/// Certificates, revocation lists and OCSP responses: read, asked everything, and never trusted without a signature.
func fuzzRevocation(_ bytes: UnsafeRawBufferPointer) {
    let der = Array(bytes)
    if let certificate = try? ClientCertificate(der: der) {
        _ = (certificate.commonName, certificate.dnsNames, certificate.emailAddresses, certificate.uris, certificate.serialText)
        _ = (certificate.subjectKeyID, certificate.authorityKeyID, certificate.isAuthority, certificate.isForClients)
        _ = (certificate.ocspServers, certificate.organizationalUnits, certificate.extensionText("2.5.29.17"))
        precondition(certificate.issuer(among: []) == nil)
        let request = OCSPRequest(about: certificate, issuer: certificate, nonce: [1, 2, 3])
        precondition(OCSPResponse(request.der) == nil, "a request is read as a response")
    }
    if let list = RevocationList(der) {
        precondition(list.thisUpdate <= list.nextUpdate && list.isStale(at: list.nextUpdate), "times in the wrong order")
        _ = (list.serialTexts, list.issuerText)
    }
    _ = OCSPResponse(der)
    _ = ClientCertificate.string(der)
}
