import Certificates
import Crypto
import Foundation
import Testing
import X509

@Suite struct CertificateNamesTests {
    private func names(_ subject: DistinguishedName, _ alternatives: [GeneralName] = []) throws -> [String] {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: [1]), publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSince1970: 0), notValidAfter: Date(timeIntervalSince1970: 1_000_000_000),
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init { if !alternatives.isEmpty { SubjectAlternativeNames(alternatives) } }, issuerPrivateKey: key)
        return CertificateNames.names(inDER: certificate.der)
    }

    @Test func `has the subject, the common name and the alternative names`() throws {
        let subject = try DistinguishedName {
            CountryName("DE")
            OrganizationName("Example")
            CommonName("billing")
        }
        let found = try names(
            subject, [.dnsName("a.example"), .uniformResourceIdentifier("spiffe://a/b"), .rfc822Name("a@b.example")])
        #expect(
            found == [
                "CN=billing", "billing", "CN=billing,O=Example,C=DE", "DNS:a.example", "a.example", "URI:spiffe://a/b",
                "spiffe://a/b",
                "EMAIL:a@b.example", "a@b.example",
            ])
    }

    @Test func `a subject of one name stands there once`() throws {
        #expect(try names(DistinguishedName { CommonName("billing") }) == ["CN=billing", "billing"])
        #expect(try names(DistinguishedName()) == [])
    }

    @Test(arguments: ["billing,O=Example", "CN=billing", "URI:spiffe://a/b", "DNS:a.example"])
    func `no common name passes for another kind of name`(name: String) throws {
        let found = try names(DistinguishedName { CommonName(name) })
        #expect(!found.contains(name))
        #expect(!found.contains("CN=billing,O=Example"))
        #expect(found.allSatisfy { $0.hasPrefix("CN=") && $0 != "CN=billing" })
    }
}
