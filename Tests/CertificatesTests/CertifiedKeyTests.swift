import Certificates
import Testing

@Suite struct CertifiedKeyTests {
    @Test(arguments: OpenSSLVector.all) func `finds the key in certificates of both versions`(_ vector: OpenSSLVector) throws {
        let key = try #require(PEM.documents(in: vector.publicKey, label: .publicKey)?.first)
        for pem in [vector.certificate, vector.oldCertificate] {
            let certificate = try #require(PEM.documents(in: pem, label: .certificate)?.first)
            #expect(try CertifiedKey(der: certificate).publicKey.der == key)
        }
    }

    private static let version: [UInt8] = [0xA0, 0x03, 0x02, 0x01, 0x02]
    private static let serial: [UInt8] = [0x02, 0x01, 0x01]
    private static let empty: [UInt8] = [0x30, 0x00]
    private static let algorithm = AlgorithmIdentifier.mlDSA65.der
    private static let key = SubjectPublicKeyInfo(algorithm: .mlDSA65, key: [1, 2, 3]).der
    private static let signature: [UInt8] = [0x03, 0x02, 0x00, 0x01]

    private func certificate(_ fields: [[UInt8]], end: [[UInt8]] = [algorithm, signature]) -> [UInt8] {
        DERFormTests.element(0x30, DERFormTests.element(0x30, Array(fields.joined())) + Array(end.joined()))
    }

    private static let whole = [version, serial, algorithm, empty, empty, empty, key]

    @Test func `finds a key of an algorithm that X509 does not know`() throws {
        #expect(try CertifiedKey(der: certificate(Self.whole)).publicKey.algorithm == .mlDSA65)
        let extensions: [UInt8] = [0x81, 0x01, 0x00, 0xA3, 0x02, 0x30, 0x00]
        #expect(try CertifiedKey(der: certificate(Self.whole + [extensions])).publicKey.key == [1, 2, 3])
    }

    @Test func `refuses a certificate without a field`() {
        for index in Self.whole.indices.dropFirst() {
            var fields = Self.whole
            fields.remove(at: index)
            #expect(throws: DERFormError.malformed) { try CertifiedKey(der: certificate(fields)) }
        }
        for end in [[], [Self.algorithm], [Self.signature], [Self.algorithm, Self.signature, Self.empty]] {
            #expect(throws: DERFormError.malformed) { try CertifiedKey(der: certificate(Self.whole, end: end)) }
        }
        #expect(throws: DERFormError.malformed) { try CertifiedKey(der: Self.empty) }
        #expect(throws: DERFormError.malformed) { try CertifiedKey(der: []) }
    }

    @Test func `refuses a negative serial number, an unknown version, and fields of a wrong type`() {
        for (index, field): (Int, [UInt8]) in [
            (0, [0xA0, 0x03, 0x02, 0x01, 0x03]), (0, [0xA0, 0x03, 0x02, 0x01, 0xFF]), (0, [0xA0, 0x00]), (0, [0x80, 0x01, 0x02]),
            (1, [0x02, 0x01, 0x80]), (1, [0x02, 0x00]), (1, [0x02, 0x02, 0x00, 0x01]), (1, [0x04, 0x01, 0x01]),
            (2, [0x30, 0x00]), (2, [0x30, 0x02, 0x06, 0x00]), (3, [0x05, 0x00]), (4, [0x17, 0x00]), (5, [0x31, 0x00]),
            (6, [0x30, 0x00]),
        ] {
            var fields = Self.whole
            fields[index] = field
            #expect(throws: DERFormError.malformed) { try CertifiedKey(der: certificate(fields)) }
        }
        for rest: [UInt8] in [[0x05, 0x00], [0xA4, 0x00], [0xA0, 0x00]] {
            #expect(throws: DERFormError.malformed) { try CertifiedKey(der: certificate(Self.whole + [rest])) }
        }
    }
}
