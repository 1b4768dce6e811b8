import AuthMethods
import EngineKit
import Outbound
import SwiftASN1
import Syntax
import TestSupport
import Testing
import X509

private let noMatch = "no chain matching all constraints could be found for this login certificate"

@Suite("Revocation lists of certificate logins") struct CertificateListTests {
    private let root = TestCertificates.authority
    private let url = "https://crl.example/ca.crl"

    private func upload(_ mount: CertificateMount, _ name: String, _ der: [UInt8]) async throws {
        try await mount.driver.send(.update, "crls/" + name, ["crl": .string(TestAuthority.pem(der, "X509 CRL"))])
    }

    @Test("are in force from the first login after a start")
    func firstLogin() async throws {
        let mount = try await CertificateMount()
        let (good, bad) = (try root.issue("good"), try root.issue("bad"))
        try await upload(mount, "ca", try root.revocationList([bad.serialNumber]))
        var restarted = try mount.driver.restarted()
        restarted.certificateChain = [TestAuthority.der(bad)]
        #expect(await restarted.refusal(.update, "login")?.message == noMatch)
        #expect(await mount.refusal(bad) == noMatch)
        #expect(await mount.refusal(good) == nil)
        let shown = try await mount.driver.data(.read, "crls/ca")
        #expect(shown["serials"]?.objectValue?.count == 1 && shown["issuer"] == "CN=Test CA" && shown["cdp"] == nil)
        #expect(try await mount.driver.keys("crls") == ["ca"])
        try await mount.driver.send(.delete, "crls/ca")
        #expect(await mount.refusal(bad) == nil)
    }

    @Test("revoke intermediate certificates too, and not those of another authority with the same number")
    func intermediates() async throws {
        let middle = try TestAuthority("Middle", under: root)
        let mount = try await CertificateMount()
        let leaf = try middle.issue("app")
        try await upload(mount, "middle", try middle.revocationList([middle.certificate.serialNumber]))
        #expect(await mount.refusal(leaf, middle.certificate) == nil)
        try await upload(mount, "ca", try root.revocationList([middle.certificate.serialNumber]))
        #expect(await mount.refusal(leaf, middle.certificate) == noMatch)
    }

    @Test("that are out of date refuse every certificate of their issuer")
    func stale() async throws {
        let mount = try await CertificateMount()
        let leaf = try root.issue("app")
        try await upload(mount, "ca", try root.revocationList([], until: 60))
        #expect(await mount.refusal(leaf) == nil)
        mount.driver.time.advance(seconds: 61)
        #expect(await mount.refusal(leaf) == noMatch)
        try await upload(mount, "ca", try root.revocationList([], from: 60, until: 3_600))
        #expect(await mount.refusal(leaf) == nil)
    }

    @Test("are refused unless the authority of their issuer's name signed them")
    func forged() async throws {
        let mount = try await CertificateMount()
        let other = try TestAuthority()
        let forged = try root.revocationList([], signer: other.key)
        let refusal = await mount.driver.refusal(.update, "crls/ca", ["crl": .string(Base64.encode(forged))])
        #expect(refusal?.code == .invalidRequest)
        for bad in ["canary", "", Base64.encode(try root.revocationList([], criticalOID: [2, 5, 29, 28]))] {
            let refusal = await mount.driver.refusal(.update, "crls/ca", ["crl": .string(bad)])
            #expect(refusal?.code == .invalidRequest && refusal?.message.contains("canary") == false)
        }
        #expect(try await mount.driver.keys("crls") == [])
        // One that came before its authority was known refuses, rather than being ignored.
        let middle = try TestAuthority("Middle", under: root)
        let leaf = try middle.issue("app")
        try await upload(mount, "m", try middle.revocationList([], signer: other.key))
        #expect(await mount.refusal(leaf, middle.certificate) == noMatch)
        try await upload(mount, "n", try middle.revocationList([]))
        #expect(await mount.refusal(leaf, middle.certificate) == nil)
    }

    @Test("revoke a certificate that is trusted itself, whose issuer is not known")
    func oneCertificate() async throws {
        let leaf = try root.issue("one")
        let mount = try await CertificateMount()
        try await mount.driver.send(.delete, "certs/app")
        try await mount.write("one", pem: TestAuthority.pem(TestAuthority.der(leaf), "CERTIFICATE"))
        #expect(await mount.refusal(leaf) == nil)
        try await upload(mount, "ca", try root.revocationList([leaf.serialNumber]))
        #expect(await mount.refusal(leaf) == noMatch)
    }

    @Test("are fetched when they are named, when they are due, and by a login that finds them out of date")
    func fetched() async throws {
        let mount = try await CertificateMount()
        let leaf = try root.issue("app")
        #expect(await mount.driver.refusal(.update, "crls/ca", ["url": .string(url)])?.code == .invalidRequest)
        mount.outbound.answer(url, try root.revocationList([], until: 7_200))
        try await mount.driver.send(.update, "crls/ca", ["url": .string(url)])
        #expect(try await mount.driver.data(.read, "crls/ca")["cdp"]?.objectValue?["url"] == .string(url))
        #expect(await mount.refusal(leaf) == nil)
        // The round fetches after an hour.
        mount.outbound.answer(url, try root.revocationList([leaf.serialNumber], from: 3_600, until: 7_200))
        let method = try #require(mount.driver.method as? any PeriodicEngine)
        await method.runRound()
        #expect(await mount.refusal(leaf) == nil)
        mount.driver.time.advance(seconds: 3_601)
        await method.runRound()
        #expect(await mount.refusal(leaf) == noMatch)
        // A login fetches when the next one is due; while it cannot be had, it is refused.
        mount.outbound.fail(url)
        mount.driver.time.advance(seconds: 3_601)
        #expect(await mount.refusal(leaf) == noMatch)
        mount.outbound.answer(url, try root.revocationList([], from: 7_200, until: 86_400))
        #expect(await mount.refusal(leaf) == noMatch, "no attempt so soon after the last one")
        mount.driver.time.advance(seconds: 11)
        #expect(await mount.refusal(leaf) == nil)
    }

    @Test("are not replaced by an older list that somebody sends again")
    func replay() async throws {
        let mount = try await CertificateMount()
        let leaf = try root.issue("app")
        let old = try root.revocationList([], from: -600, until: 86_400)
        mount.outbound.answer(url, try root.revocationList([leaf.serialNumber], until: 86_400))
        try await mount.driver.send(.update, "crls/ca", ["url": .string(url)])
        mount.outbound.answer(url, old)
        mount.driver.time.advance(seconds: 3_601)
        await (try #require(mount.driver.method as? any PeriodicEngine)).runRound()
        #expect(mount.outbound.requests.count == 2)
        #expect(await mount.refusal(leaf) == noMatch)
    }

    @Test("are bounded in number")
    func bounded() async throws {
        let mount = try await CertificateMount()
        let der = try root.revocationList([])
        for index in 0..<64 { try await upload(mount, "l\(index)", der) }
        #expect(await mount.driver.refusal(.update, "crls/more", ["crl": .string(Base64.encode(der))])?.code == .invalidRequest)
        #expect(await mount.driver.refusal(.update, "crls/l1", ["crl": .string(Base64.encode(der))]) == nil)
    }
}

@Suite("OCSP of certificate logins") struct CertificateOCSPTests {
    private let root = TestCertificates.authority
    private let url = "https://ocsp.example/"
    private let second = "https://second.example/"

    /// Answers about whatever is asked.
    private func respond(
        _ mount: CertificateMount, _ url: String? = nil, by authority: TestAuthority? = nil,
        _ change: @escaping @Sendable (inout TestAuthority.Answer) -> Void = { _ in }
    ) {
        let authority = authority ?? root
        mount.outbound.answer(url ?? self.url) { request throws(OutboundError) in
            guard request.headers.contains(where: { $0 == ("content-type", "application/ocsp-request") }),
                let question = TestAuthority.question(in: request.body),
                let body = try? authority.response(about: question.id, change)
            else { throw .unanswered(.malformed) }
            return OutboundReply(status: 200, contentType: "application/ocsp-response", body: body)
        }
    }

    private func mount(_ fields: JSONObject = [:]) async throws -> CertificateMount {
        var all: JSONObject = ["ocsp_enabled": true, "ocsp_max_retries": 1, "ocsp_servers_override": [.string(url)]]
        for field in fields { all[field.key] = field.value }
        return try await CertificateMount(all)
    }

    @Test(
        "lets in whom the responder calls good, and nobody else", arguments: [(0, true), (1, false), (2, false)] as [(UInt, Bool)])
    func statuses(status: UInt, isAllowed: Bool) async throws {
        let mount = try await mount()
        respond(mount) { $0.status = status }
        #expect(await mount.refusal(try root.issue("app")) == (isAllowed ? nil : noMatch))
    }

    @Test("fails closed, and open only where that is configured; a revoked certificate never passes")
    func failures() async throws {
        let (closed, open) = (try await mount(), try await mount(["ocsp_fail_open": true]))
        let leaf = try root.issue("app")
        #expect(await closed.refusal(leaf) == noMatch)
        #expect(await open.refusal(leaf) == nil)
        #expect(closed.outbound.requests.count == 2, "asked again once")
        for mount in [closed, open] { respond(mount, by: try TestAuthority()) }
        #expect(await closed.refusal(leaf) == noMatch)
        #expect(await open.refusal(leaf) == nil)
        for mount in [closed, open] { respond(mount) { $0.status = 1 } }
        #expect(await closed.refusal(leaf) == noMatch)
        #expect(await open.refusal(leaf) == noMatch)
    }

    @Test("believes no old answer, none of another request, and none older than configured")
    func times() async throws {
        let mount = try await mount(["ocsp_this_update_max_age": 600])
        let leaf = try root.issue("app")
        respond(mount) { $0.until = -1 }
        #expect(await mount.refusal(leaf) == noMatch)
        respond(mount) { $0.nonce = [1, 2, 3] }
        #expect(await mount.refusal(leaf) == noMatch)
        respond(mount) { $0.from = -601 }
        #expect(await mount.refusal(leaf) == noMatch)
        respond(mount) { $0.from = -599 }
        #expect(await mount.refusal(leaf) == nil)
    }

    @Test("remembers an answer while it holds, for its entry alone")
    func cache() async throws {
        let mount = try await mount()
        let leaf = try root.issue("app")
        respond(mount)
        for _ in 0..<3 { #expect(await mount.refusal(leaf, name: "app") == nil) }
        #expect(mount.outbound.requests.count == 1)
        // Another entry believes other responders.
        let other = try TestAuthority("Responder")
        try await mount.write(
            "other",
            [
                "ocsp_enabled": true, "ocsp_servers_override": [.string(url)], "ocsp_max_retries": 0,
                "ocsp_ca_certificates": .string(other.pem),
            ])
        respond(mount, by: other) { ($0.signer, $0.responder) = (other.key, other.certificate) }
        #expect(await mount.refusal(leaf, name: "other") == nil)
        #expect(mount.outbound.requests.count == 2)
        mount.driver.time.advance(seconds: 3_601)
        #expect(await mount.refusal(leaf, name: "app") == noMatch, "the first entry does not believe the other's responder")
    }

    @Test("asks the responders of the certificate, and all of them where that is configured")
    func servers() async throws {
        let mount = try await CertificateMount(["ocsp_enabled": true, "ocsp_max_retries": 0])
        let leaf = try root.issue("app") { $0.responder = url }
        #expect(await mount.refusal(try root.issue("app")) == noMatch, "it has no responder")
        respond(mount)
        #expect(await mount.refusal(leaf) == nil)
        let all = try await self.mount([
            "ocsp_servers_override": [.string(url), .string(second)], "ocsp_query_all_servers": true,
        ])
        respond(all)
        #expect(await all.refusal(leaf) == noMatch)
        respond(all, second) { $0.status = 1 }
        #expect(await all.refusal(leaf) == noMatch)
        let other = try root.issue("app")
        respond(all, second)
        #expect(await all.refusal(other) == nil)
        let first = try await self.mount(["ocsp_servers_override": [.string(second), .string(url)]])
        respond(first)
        #expect(await first.refusal(leaf) == nil, "the second answers where the first does not")
    }
}
