import Certificates
import SwiftASN1
import Testing

/// What every structure refuses. The bytes come from callers.
@Suite struct DERFormTests {
    private static let readers: [(name: String, pem: String, label: PEM.Label, read: @Sendable ([UInt8]) throws -> Void)] = [
        ("SubjectPublicKeyInfo", OpenSSLVector.p256.publicKey, .publicKey, { _ = try SubjectPublicKeyInfo(der: $0) }),
        ("CertificateRequest", OpenSSLVector.p256.request, .certificateRequest, { _ = try CertificateRequest(der: $0) }),
        ("CertifiedKey", OpenSSLVector.p256.certificate, .certificate, { _ = try CertifiedKey(der: $0) }),
        ("CertifiedKey, version 1", OpenSSLVector.rsa.oldCertificate, .certificate, { _ = try CertifiedKey(der: $0) }),
    ]

    private func der(_ index: Int) throws -> [UInt8] {
        let reader = Self.readers[index]
        return try #require(PEM.documents(in: reader.pem, label: reader.label)?.first)
    }

    @Test(arguments: readers.indices) func `refuses every truncation, and whatever follows`(_ index: Int) throws {
        let (der, read) = (try der(index), Self.readers[index].read)
        try read(der)
        for count in der.indices { #expect(throws: DERFormError.malformed) { try read(Array(der.prefix(count))) } }
        #expect(throws: DERFormError.malformed) { try read(der + [0]) }
        #expect(throws: DERFormError.malformed) { try read(der + der) }
    }

    @Test(arguments: readers.indices) func `refuses lengths that DER does not have`(_ index: Int) throws {
        let (der, read) = (try der(index), Self.readers[index].read)
        let headerCount = der[1] < 0x80 ? 2 : 2 + Int(der[1] & 0x7F)
        let content = Array(der[headerCount...])
        // Without a length, and with one that has a zero too many.
        #expect(throws: DERFormError.malformed) { try read([0x30, 0x80] + content + [0, 0]) }
        let bytes = [UInt8(content.count >> 16), UInt8(content.count >> 8 & 0xFF), UInt8(content.count & 0xFF)]
        #expect(throws: DERFormError.malformed) { try read([0x30, 0x83] + bytes + content) }
        for length in [[UInt8](repeating: 0xFF, count: 8), [UInt8](repeating: 0x7F, count: 8), [0xFF, 0xFF, 0xFF, 0xFF]] {
            #expect(throws: DERFormError.malformed) { try read([0x30, 0x80 | UInt8(length.count)] + length + content) }
        }
    }

    /// A change of any bit is either refused or gives another value; it never traps.
    @Test(arguments: readers.indices) func `survives every flipped bit`(_ index: Int) throws {
        let (der, read) = (try der(index), Self.readers[index].read)
        var refusals = 0
        for position in der.indices {
            for bit in 0..<8 {
                var changed = der
                changed[position] ^= 1 << bit
                do { try read(changed) } catch { refusals += 1 }
            }
        }
        #expect(refusals > 32)
    }

    @Test func `refuses what is nested too deep, at once`() {
        for depth in [60, 10_000] {
            var nested: [UInt8] = [0x05, 0x00]
            for _ in 0..<depth { nested = DERFormTests.element(0x30, nested) }
            let info = DERFormTests.element(
                0x30, DERFormTests.element(0x30, [0x06, 0x03, 0x2B, 0x65, 0x70] + nested) + [0x03, 0x01, 0])
            #expect(throws: DERFormError.malformed) { try SubjectPublicKeyInfo(der: info) }
            #expect(throws: DERFormError.malformed) { try CertifiedKey(der: nested) }
        }
    }

    @Test func `refuses what is too long without reading it`() throws {
        // 18 bytes are the algorithm, and the tags and lengths around it and the key.
        let most = [UInt8](repeating: 0, count: DERForm.bytesMax - 18)
        let long = SubjectPublicKeyInfo(algorithm: .ed25519, key: most + most)
        #expect(throws: DERFormError.tooLong) { try SubjectPublicKeyInfo(der: long.der) }
        let short = SubjectPublicKeyInfo(algorithm: .ed25519, key: most)
        #expect(short.der.count == DERForm.bytesMax)
        #expect(try SubjectPublicKeyInfo(der: short.der) == short)
    }

    /// Writes an element of any length.
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(rest & 0xFF), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(length.count)] + length + content
    }
}
