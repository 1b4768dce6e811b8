import Certificates
import Syntax
import Testing

@Suite struct PEMTests {
    private let der = [UInt8](0..<200)

    private func pem(_ body: String, begin: String = "CERTIFICATE", end: String = "CERTIFICATE") -> String {
        "-----BEGIN \(begin)-----\n\(body)\n-----END \(end)-----\n"
    }

    @Test(arguments: OpenSSLVector.all) func `writes what OpenSSL writes`(_ vector: OpenSSLVector) throws {
        for (text, label) in [
            (vector.publicKey, PEM.Label.publicKey), (vector.request, .certificateRequest), (vector.certificate, .certificate),
        ] {
            let documents = try #require(PEM.documents(in: text, label: label))
            #expect(documents.count == 1 && documents.map { PEM.text($0, label: label) } == [text])
        }
    }

    @Test(arguments: [1, 47, 48, 49, 96, 200]) func `reads what it writes`(_ count: Int) {
        let der = [UInt8](repeating: 7, count: count)
        let text = PEM.text(der, label: .publicKey)
        #expect(PEM.documents(in: text, label: .publicKey) == [der])
        #expect(text.utf8.split(separator: UInt8(ascii: "\n")).allSatisfy { $0.count <= 64 })
    }

    @Test func `reads lines of any length and with any ending`() {
        let digits = Base64.encode(der)
        let (first, second) = (digits.prefix(76), digits.dropFirst(76))
        for body in [digits, "\(first)\n\(second)", "\(first)\r\n\(second)", "\(first)\n\n\(second)"] {
            #expect(PEM.documents(in: pem(body), label: .certificate) == [der])
        }
        let withCRLF = pem(digits).split(separator: "\n").joined(separator: "\r\n")
        #expect(PEM.documents(in: withCRLF, label: .certificate) == [der])
    }

    @Test func `skips other text and other labels, and keeps the order`() {
        let text =
            "subject: a\n" + PEM.text([3], label: .ecPrivateKey) + PEM.text([1], label: .certificate) + "issuer: b\n"
            + PEM.text([2], label: .certificate)
        #expect(PEM.documents(in: text, label: .certificate) == [[1], [2]])
        #expect(PEM.documents(in: text, label: .ecPrivateKey) == [[3]])
        #expect(PEM.documents(in: text, label: .publicKey) == nil)
    }

    @Test func `refuses what is not whole`() {
        let digits = Base64.encode(der)
        for text in [
            "", "nonsense", digits, "-----BEGIN CERTIFICATE-----\n\(digits)\n", "\(digits)\n-----END CERTIFICATE-----\n",
            pem(digits, end: "PUBLIC KEY"), pem(digits, begin: "PUBLIC KEY"), pem("!" + digits), pem(" " + digits),
            pem(String(digits.dropLast())), pem(digits + "\n-----BEGIN CERTIFICATE-----\n" + digits),
            pem(digits) + "-----BEGIN CERTIFICATE-----\n", pem(digits) + pem("?"),
        ] {
            #expect(PEM.documents(in: text, label: .certificate) == nil, "\(text)")
        }
    }
}
