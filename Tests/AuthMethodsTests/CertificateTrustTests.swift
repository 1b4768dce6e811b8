import AuthMethods
import EngineKit
import Logging
import Outbound
import Synchronization
import Syntax
import TestSupport
import Testing
import X509

private let noMatch = "no chain matching all constraints could be found for this login certificate"

@Suite("Certificate logins: lists that others forge") struct CertificateListTrustTests {
    private let root = TestCertificates.authority
    private let vague = "no CRL that can be relied on could be fetched from 'url'; the server's log has the reason"

    private func pem(_ certificate: Certificate) -> String {
        TestAuthority.pem(TestAuthority.der(certificate), "CERTIFICATE")
    }

    /// A mount whose only entry is one certificate, so that no authority is known.
    private func mountOfOne(_ leaf: Certificate) async throws -> CertificateMount {
        let mount = try await CertificateMount()
        try await mount.driver.send(.delete, "certs/app")
        try await mount.write("one", pem: pem(leaf))
        return mount
    }

    @Test("a list over http counts only if an authority of the mount signed it")
    func plainHTTP() async throws {
        let leaf = try root.issue("one")
        let mount = try await mountOfOne(leaf)
        let forged = try root.revocationList([], signer: try TestAuthority().key)
        for scheme in ["http", "HTTP"] {
            let url = "\(scheme)://crl.example/ca.crl"
            mount.outbound.answer(url, forged)
            #expect(await mount.driver.refusal(.update, "crls/ca", ["url": .string(url)])?.message == vague)
            mount.outbound.answer(url, try root.revocationList([leaf.serialNumber]))
            #expect(await mount.driver.refusal(.update, "crls/ca", ["url": .string(url)])?.message == vague)
        }
        let secure = "https://crl.example/ca.crl"
        mount.outbound.answer(secure, try root.revocationList([leaf.serialNumber]))
        try await mount.driver.send(.update, "crls/secure", ["url": .string(secure)])
        #expect(await mount.refusal(leaf) == noMatch)
        try await mount.driver.send(.delete, "crls/secure")
        // With the authority the signature tells.
        try await mount.write("authority")
        let plain = "http://crl.example/ca.crl"
        try await mount.driver.send(.update, "crls/ca", ["url": .string(plain)])
        mount.outbound.answer(plain, forged)
        #expect(await mount.driver.refusal(.update, "crls/ca", ["url": .string(plain)])?.message == vague)
        #expect(await mount.refusal(leaf) == noMatch)
    }

    @Test("a list of the future is refused, because it would keep out every later one", arguments: [301, 86_400])
    func future(seconds: Int) async throws {
        let mount = try await CertificateMount()
        let list = try root.revocationList([], from: seconds, until: 2 * 86_400)
        #expect(await mount.driver.refusal(.update, "crls/ca", ["crl": .string(Base64.encode(list))])?.code == .invalidRequest)
        let near = try root.revocationList([], from: 290, until: 2 * 86_400)
        try await mount.driver.send(.update, "crls/ca", ["crl": .string(Base64.encode(near))])
    }

    @Test("what is wrong with a URL is in the log, and not in the answer")
    func vagueAnswers() async throws {
        let log = CollectedLog(from: .warning)
        let outbound = FakeOutbound()
        let driver = try AuthDriver(
            CertificateMethod.description(outbound: outbound), time: ManualTime(Timestamp(seconds: root.now)), logger: log.logger)
        let url = "https://inside.example/x"
        outbound.answer(url) { _ throws(OutboundError) in throw .refused(.forbiddenAddress) }
        #expect(await driver.refusal(.update, "crls/x", ["url": .string(url)])?.message == vague)
        outbound.fail(url)
        #expect(await driver.refusal(.update, "crls/x", ["url": .string(url)])?.message == vague)
        outbound.answer(url, [], status: 404)
        #expect(await driver.refusal(.update, "crls/x", ["url": .string(url)])?.message == vague)
        outbound.answer(url, Array("no list".utf8))
        #expect(await driver.refusal(.update, "crls/x", ["url": .string(url)])?.message == vague)
        #expect(log.wholeLines.count == 4 && log.wholeLines[2].contains("404"))
        #expect(await driver.refusal(.update, "crls/x", ["url": "ftp://x"])?.message.contains("field 'url'") == true)
    }

    @Test("more lists than are read refuse every login")
    func tooMany() async throws {
        let mount = try await CertificateMount()
        let leaf = try root.issue("app")
        let list = try root.revocationList([])
        for index in 0..<64 {
            try await mount.driver.send(.update, "crls/l\(index)", ["crl": .string(Base64.encode(list))])
        }
        #expect(await mount.refusal(leaf) == nil)
        // As two writers at the same time leave it.
        let stored = try #require(try await mount.driver.storage.get("crl/l1")?.value)
        var batch = Batch()
        batch.put("crl/z", stored)
        _ = try await mount.driver.storage.commit(batch)
        #expect(await mount.refusal(leaf) == noMatch)
        #expect(await mount.driver.refusal(.update, "crls/more", ["crl": .string(Base64.encode(list))])?.code == .invalidRequest)
        try await mount.driver.send(.delete, "crls/z")
        #expect(await mount.refusal(leaf) == nil)
    }
}

@Suite("Certificate logins: entries and names") struct CertificateEntryTrustTests {
    private let root = TestCertificates.authority

    @Test("an entry has authorities, or one certificate of a client")
    func bundles() async throws {
        let mount = try await CertificateMount()
        let (one, two) = (try root.issue("one"), try root.issue("two"))
        func pem(_ certificate: Certificate) -> String { TestAuthority.pem(TestAuthority.der(certificate), "CERTIFICATE") }
        for text in [pem(one) + pem(two), pem(one) + root.pem, root.pem + pem(one)] {
            #expect(await mount.driver.refusal(.update, "certs/x", ["certificate": .string(text)])?.code == .invalidRequest)
        }
        try await mount.write("x", pem: root.pem + (try TestAuthority("Other").pem))
        try await mount.write("y", pem: pem(one))
    }

    @Test("a certificate without a common name has an entity all the same, also after a renewal")
    func aliases() async throws {
        let mount = try await CertificateMount()
        let leaf = try root.issue("") {
            $0.alternatives = [
                .rfc822Name("a@b.example"), .dnsName("a.example"), .uniformResourceIdentifier("spiffe://a/b"),
                .uniformResourceIdentifier("spiffe://a/c"),
            ]
        }
        let grant = try await mount.grant(leaf)
        #expect(grant.aliasName == "spiffe://a/b")
        #expect(try await mount.renewal(of: grant, leaf).aliasName == "spiffe://a/b")
        #expect(
            try await mount.grant(try root.issue("") { $0.alternatives = [.rfc822Name("a@b"), .dnsName("d")] }).aliasName == "d")
        #expect(try await mount.grant(try root.issue("") { $0.alternatives = [.rfc822Name("a@b")] }).aliasName == "a@b")
        #expect(try await mount.grant(try root.issue("x") { $0.alternatives = [.dnsName("d")] }).aliasName == "x")
        #expect(try await mount.grant(try root.issue("")).aliasName.utf8.count == 64)
    }

    @Test("an empty name is none: every page of entries is tried")
    func emptyName() async throws {
        let mount = try await CertificateMount(["allowed_common_names": ["nobody"]])
        for index in 0..<256 { try await mount.write("b\(index)", ["allowed_common_names": ["nobody"]]) }
        try await mount.write("z", ["allowed_common_names": ["web"]])
        let leaf = try root.issue("web")
        #expect(try await mount.grant(leaf).metadata["cert_name"] == "z")
        #expect(try await mount.grant(leaf, name: "").metadata["cert_name"] == "z")
    }
}

@Suite("OCSP under load") struct CertificateOCSPLoadTests {
    private let root = TestCertificates.authority
    private let url = "https://ocsp.example/"

    /// A responder that calls every certificate revoked, and answers when the test lets it.
    private final class Responder: Outbound {
        private let held = Mutex<(waiting: [CheckedContinuation<Void, Never>], isOpen: Bool, count: Int)>(([], true, 0))
        let failure = Mutex<OutboundError?>(nil)
        let root = TestCertificates.authority

        var count: Int { held.withLock { $0.count } }
        func close() { held.withLock { $0.isOpen = false } }

        func open() {
            let waiting = held.withLock { held in
                defer { held.waiting = [] }
                held.isOpen = true
                return held.waiting
            }
            for one in waiting { one.resume() }
        }

        func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOpen = held.withLock { held in
                    held.count += 1
                    if !held.isOpen { held.waiting.append(continuation) }
                    return held.isOpen
                }
                if isOpen { continuation.resume() }
            }
            if let failure = failure.withLock({ $0 }) { throw failure }
            guard let question = TestAuthority.question(in: request.body),
                let body = try? root.response(about: question.id, { $0.status = 1 })
            else { throw .unanswered(.malformed) }
            return OutboundReply(status: 200, contentType: "application/ocsp-response", body: body)
        }
    }

    private final class Tally: Sendable {
        let count = Mutex(0)
    }

    private struct Mount: Sendable {
        let responder = Responder()
        let driver: AuthDriver

        init(_ url: String) async throws {
            driver = try AuthDriver(
                CertificateMethod.description(outbound: responder),
                time: ManualTime(Timestamp(seconds: TestCertificates.authority.now)))
            try await driver.send(
                .update, "certs/app",
                [
                    "certificate": .string(TestCertificates.authority.pem), "ocsp_enabled": true, "ocsp_fail_open": true,
                    "ocsp_max_retries": 0, "ocsp_servers_override": [.string(url)],
                ])
        }

        func refusal(_ leaf: Certificate) async -> CofferError? {
            var driver = driver
            driver.certificateChain = [TestAuthority.der(leaf)]
            return await driver.refusal(.update, "login")
        }
    }

    @Test("a revoked certificate never passes, however many ask: one certificate, one request")
    func joined() async throws {
        let mount = try await Mount(url)
        let leaf = try root.issue("app")
        mount.responder.close()
        let refusals = await withTaskGroup(of: CofferError?.self) { group in
            for _ in 0..<200 { group.addTask { await mount.refusal(leaf) } }
            while mount.responder.count == 0 { await Task.yield() }
            mount.responder.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(refusals.count == 200 && refusals.allSatisfy { $0?.message == noMatch })
        #expect(mount.responder.count == 1)
        #expect(await mount.refusal(leaf)?.message == noMatch)
        #expect(mount.responder.count == 1, "remembered")
    }

    @Test("a responder that was not asked, because the server is busy, is no reason to fail open")
    func busy() async throws {
        let mount = try await Mount(url)
        mount.responder.failure.withLock { $0 = .notSent(.tooMany) }
        #expect(await mount.refusal(try root.issue("app"))?.code == .unavailable)
        mount.responder.failure.withLock { $0 = .notSent(.timedOut) }
        #expect(await mount.refusal(try root.issue("app")) == nil)
    }

    @Test("what is remembered holds while others wait, and logins beyond the bounds are told to try again")
    func remembered() async throws {
        let mount = try await Mount(url)
        let known = try root.issue("known")
        #expect(await mount.refusal(known)?.message == noMatch)
        mount.responder.close()
        // 48 ask, 256 wait, and the others are refused at once.
        let leaves = try (0..<310).map { _ in try root.issue("app") }
        let busy = Tally()
        await withTaskGroup(of: Void.self) { group in
            for leaf in leaves {
                group.addTask {
                    let refusal = await mount.refusal(leaf)
                    #expect(refusal?.message == noMatch || refusal?.code == .unavailable)
                    if refusal?.code == .unavailable { busy.count.withLock { $0 += 1 } }
                }
            }
            while busy.count.withLock({ $0 }) < 6 { await Task.yield() }
            #expect(await mount.refusal(known)?.message == noMatch)
            mount.responder.open()
        }
        #expect(busy.count.withLock { $0 } == 6)
    }

    @Test("the time is that of the login, whatever the number of entries")
    func deadline() async throws {
        let outbound = ScriptedOutbound { _ throws(OutboundError) in throw .unanswered(.timedOut) }
        let time = ManualTime(Timestamp(seconds: root.now))
        outbound.answer(with: { _ throws(OutboundError) in
            time.advance(seconds: 5)
            throw .unanswered(.timedOut)
        })
        let driver = try AuthDriver(CertificateMethod.description(outbound: outbound), time: time)
        for index in 0..<10 {
            try await driver.send(
                .update, "certs/e\(index)",
                [
                    "certificate": .string(root.pem), "ocsp_enabled": true, "ocsp_max_retries": 10,
                    "ocsp_servers_override": [.string(url)],
                ])
        }
        var client = driver
        client.certificateChain = [TestAuthority.der(try root.issue("app"))]
        #expect(await client.refusal(.update, "login") != nil)
        #expect(outbound.requests.count == 3)
    }
}
