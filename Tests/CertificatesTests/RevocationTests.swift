import Certificates
import Crypto
import SwiftASN1
import Syntax
import TestSupport
import Testing
import X509

@Suite("Revocation lists") struct RevocationListTests {
    private let now = 1_700_000_000

    @Test("name certificates of their issuer by serial number")
    func names() throws {
        let root = try TestAuthority()
        let (good, bad) = (try root.issue("good"), try root.issue("bad") { $0.serial = .init(bytes: [0xFF, 1, 2]) })
        let list = try #require(RevocationList(try root.revocationList([bad.serialNumber])))
        #expect(list.names(try ClientCertificate(der: TestAuthority.der(bad))))
        #expect(!list.names(try ClientCertificate(der: TestAuthority.der(good))))
        #expect(list.isAbout(try ClientCertificate(der: TestAuthority.der(good))))
        #expect(list.isNamed(like: try ClientCertificate(der: root.der)))
        #expect(list.serialTexts == ["16711938"] && list.issuerText == "CN=Test CA")
        let other = try TestAuthority("Other")
        #expect(!list.isAbout(try ClientCertificate(der: TestAuthority.der(try other.issue("good")))))
        #expect(try #require(RevocationList(try root.revocationList([]))).serialTexts.isEmpty)
    }

    @Test("are signed by their issuer, and by nobody else")
    func signatures() throws {
        let (root, other) = (try TestAuthority(), try TestAuthority())
        let der = try root.revocationList([])
        let list = try #require(RevocationList(der))
        #expect(list.isSigned(by: try ClientCertificate(der: root.der)))
        #expect(!list.isSigned(by: try ClientCertificate(der: other.der)))
        let forged = try #require(RevocationList(try root.revocationList([], signer: other.key)))
        #expect(!forged.isSigned(by: try ClientCertificate(der: root.der)))
    }

    @Test("say until when they hold")
    func times() throws {
        let list = try #require(RevocationList(try TestAuthority().revocationList([], from: -60, until: 60)))
        #expect(list.thisUpdate == now - 60 && list.nextUpdate == now + 60)
        #expect(!list.isStale(at: now + 59) && list.isStale(at: now + 60))
        #expect(RevocationList(try TestAuthority().revocationList([], from: 60, until: -60)) == nil)
    }

    @Test("are read as PEM, and refused with a critical extension, which may make them partial")
    func forms() throws {
        let root = try TestAuthority()
        let der = try root.revocationList([])
        #expect(RevocationList(Array(TestAuthority.pem(der, "X509 CRL").utf8)) != nil)
        #expect(RevocationList(Array(TestAuthority.pem(der, "CERTIFICATE").utf8)) == nil)
        #expect(RevocationList(Array((TestAuthority.pem(der, "X509 CRL") + TestAuthority.pem(der, "X509 CRL")).utf8)) == nil)
        for oid: ASN1ObjectIdentifier in [[2, 5, 29, 28], [2, 5, 29, 27]] {
            #expect(RevocationList(try root.revocationList([], criticalOID: oid)) == nil)
        }
        #expect(RevocationList([UInt8](repeating: 0x30, count: RevocationList.bytesMax + 1)) == nil)
    }

    @Test("survive every cut and every flipped bit")
    func hostile() throws {
        let root = try TestAuthority()
        let der = try root.revocationList([.init(bytes: [1, 2, 3]), .init(bytes: [4])])
        let authority = try ClientCertificate(der: root.der)
        for count in der.indices { #expect(RevocationList(Array(der.prefix(count))) == nil) }
        for position in der.indices {
            for bit in 0..<8 {
                var changed = der
                changed[position] ^= 1 << bit
                let list = RevocationList(changed)
                #expect(list?.isSigned(by: authority) != true, "\(position).\(bit)")
            }
        }
    }
}

@Suite("OCSP") struct OCSPTests {
    private let now = 1_700_000_000
    private let root: TestAuthority
    private let issuer: ClientCertificate
    private let leaf: ClientCertificate
    private let request: OCSPRequest
    private let id: [UInt8]

    init() throws {
        root = try TestAuthority()
        issuer = try ClientCertificate(der: root.der)
        leaf = try ClientCertificate(der: TestAuthority.der(try root.issue("web")))
        request = OCSPRequest(about: leaf, issuer: issuer, nonce: [UInt8](repeating: 7, count: 32))
        id = try #require(TestAuthority.question(in: request.der)).id
    }

    private func verdict(
        ageMax: Int = 0, responders: [ClientCertificate] = [], at moment: Int? = nil, _ change: (inout TestAuthority.Answer) -> Void
    ) throws -> OCSPVerdict? {
        OCSPResponse(try root.response(about: id, change))?
            .verdict(for: request, issuer: issuer, responders: responders, ageMax: ageMax, at: moment ?? now)
    }

    @Test("asks with a nonce, and reads what the issuer signed")
    func statuses() throws {
        #expect(try #require(TestAuthority.question(in: request.der)).nonce == [UInt8](repeating: 7, count: 32))
        for (number, status) in [(0, OCSPStatus.good), (1, .revoked), (2, .unknown)] as [(UInt, OCSPStatus)] {
            #expect(try verdict { $0.status = number } == OCSPVerdict(status: status, goodUntil: now + 3_600))
        }
    }

    @Test("believes a nonce only if it is the request's")
    func nonces() throws {
        #expect(try verdict { $0.nonce = [UInt8](repeating: 7, count: 32) } != nil)
        #expect(try verdict { $0.nonce = [UInt8](repeating: 8, count: 32) } == nil)
    }

    @Test("believes an answer within its times")
    func times() throws {
        #expect(try verdict(at: now + 3_599) { _ in } != nil)
        #expect(try verdict(at: now + 3_600) { _ in } == nil)
        #expect(try verdict { $0.from = 301 } == nil)
        #expect(try verdict { $0.from = 299 } != nil)
        #expect(try verdict(ageMax: 59) { _ in } == nil)
        #expect(try verdict(ageMax: 60) { _ in } == OCSPVerdict(status: .good, goodUntil: now))
        // Without a next update it holds for this request alone, and may not be old.
        #expect(try verdict { $0.until = nil } == OCSPVerdict(status: .good, goodUntil: nil))
        #expect(try verdict { ($0.from, $0.until) = (-3_601, nil) } == nil)
    }

    @Test("does not believe somebody else")
    func signers() throws {
        let other = try TestAuthority()
        #expect(try verdict { $0.signer = other.key } == nil)
        let key = P256.Signing.PrivateKey()
        func delegate(_ from: TestAuthority, _ usages: [ExtendedKeyUsage.Usage]?) throws -> Certificate {
            try from.issue("Responder") { ($0.key, $0.usages) = (key, usages) }
        }
        for (certificate, isGood) in [
            (try delegate(root, [.ocspSigning]), true), (try delegate(root, [.clientAuth]), false),
            (try delegate(root, nil), false),
            (try delegate(other, [.ocspSigning]), false),
        ] {
            let found = try verdict {
                ($0.signer, $0.responder, $0.certificates) = (key, certificate, [certificate])
            }
            #expect((found != nil) == isGood)
        }
        let expired = try root.issue("Responder") { ($0.key, $0.usages, $0.until) = (key, [.ocspSigning], -1) }
        #expect(try verdict { ($0.signer, $0.responder, $0.certificates) = (key, expired, [expired]) } == nil)
        // Unless an operator configured it.
        let configured = try TestAuthority("Responder")
        let known = [try ClientCertificate(der: configured.der)]
        #expect(try verdict { ($0.signer, $0.responder) = (configured.key, configured.certificate) } == nil)
        #expect(try verdict(responders: known) { ($0.signer, $0.responder) = (configured.key, configured.certificate) } != nil)
    }

    @Test("does not believe an answer about another certificate")
    func otherCertificate() throws {
        let other = try ClientCertificate(der: TestAuthority.der(try root.issue("other")))
        let asked = OCSPRequest(about: other, issuer: issuer, nonce: [])
        let response = try #require(OCSPResponse(try root.response(about: id)))
        #expect(response.verdict(for: asked, issuer: issuer, responders: [], ageMax: 0, at: now) == nil)
    }

    @Test("survives every cut and every flipped bit")
    func hostile() throws {
        let der = try root.response(about: id)
        for count in der.indices { #expect(OCSPResponse(Array(der.prefix(count))) == nil) }
        for position in der.indices {
            for bit in 0..<8 {
                var changed = der
                changed[position] ^= 1 << bit
                let found = OCSPResponse(changed)?.verdict(for: request, issuer: issuer, responders: [], ageMax: 0, at: now)
                #expect(found == nil, "\(position).\(bit)")
            }
        }
        #expect(OCSPResponse([0x30, 3, 0x0A, 1, 6]) == nil)
    }
}
