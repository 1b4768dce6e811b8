import NIOHTTP1
import NIOPosix
import NIOSSL
import Outbound
import TestSupport
import Testing

@Suite("Requests to targets")
struct TargetCallTests {
    private func client(_ resolver: ScriptedResolver, _ policy: AddressPolicy = AddressPolicy()) -> OutboundClient {
        var settings = OutboundClient.Settings()
        settings.policy = policy
        return OutboundClient(group: MultiThreadedEventLoopGroup.singleton, resolver: resolver, settings: settings)
    }

    /// A target with all the time there may be: the tests run beside a thousand others.
    private func patient(configured url: String, trust: OutboundTrust = .system) throws -> OutboundTarget {
        var target = try OutboundTarget(configured: url, trust: trust)
        target.timeoutMilliseconds = 60_000
        return target
    }

    private func failure(_ client: OutboundClient, _ request: OutboundRequest) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    private func tls(asksForClient: Bool = false) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(TargetCertificates.server.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(TargetCertificates.serverKey.utf8), format: .pem)))
        if asksForClient {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(TargetCertificates.authority.utf8)))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private let own = Result { try OutboundTrust(authoritiesPEM: TargetCertificates.authority) }

    @Test("a configured target at a private address is reached with the authorities of its own")
    func authorities() async throws {
        let server = try await LoopbackServer.start(tls: try tls())
        let resolver = ScriptedResolver(["127.0.0.1"])
        let url = "https://idp.test:\(server.port)/keys"
        let reply = try await client(resolver).send(patient(configured: url, trust: try own.get()).get())
        #expect(reply.status == 200 && reply.isFromPrivateAddress)
        #expect(server.seen.first?.head.uri == "/keys" && resolver.asked == ["idp.test"])

        let byAddress = try patient(configured: "https://127.0.0.1:\(server.port)/", trust: try own.get())
        #expect(await failure(client(resolver), byAddress.get()) == nil)
        for trust in [.system, try OutboundTrust(authoritiesPEM: TargetCertificates.otherAuthority)] {
            let target = try patient(configured: url, trust: trust)
            #expect(await failure(client(resolver), target.get()) == .notSent(.tlsFailed))
        }
        #expect(server.seen.count == 2)
        await server.stop()
    }

    /// The certificate is also one for the address, which whoever forges the answer of DNS could have, too.
    @Test("the certificate must have the host's name, or the server name of the target")
    func serverName() async throws {
        let server = try await LoopbackServer.start(tls: try tls())
        let client = client(ScriptedResolver(["127.0.0.1"]))
        let url = "https://other.test:\(server.port)/"
        let misnamed = try patient(configured: url, trust: try own.get())
        #expect(await failure(client, misnamed.get()) == .notSent(.tlsFailed))
        #expect(server.seen.isEmpty)
        let named = try OutboundTrust(authoritiesPEM: TargetCertificates.authority, serverName: "IDP.test")
        #expect(await failure(client, try patient(configured: url, trust: named).get()) == nil)
        await server.stop()
    }

    @Test(
        "a wildcard stands for one whole label",
        arguments: [
            ("*.idp.test", "a.idp.test", true), ("*.IDP.test", "a.idp.test", true), ("idp.test", "idp.test", true),
            ("*.idp.test", "idp.test", false), ("*.idp.test", "a.b.idp.test", false), ("a*.idp.test", "ab.idp.test", false),
            ("*.test", "idp.test", false), ("*", "idp", false), ("*.idp.test", ".idp.test", false), ("", "idp.test", false),
        ])
    func wildcards(pattern: String, host: String, isMatch: Bool) {
        #expect(HostIdentity.pattern(pattern, matches: host) == isMatch)
    }

    @Test("the client certificate of the target is presented")
    func clientCertificate() async throws {
        let server = try await LoopbackServer.start(tls: try tls(asksForClient: true))
        let client = client(ScriptedResolver(["127.0.0.1"]))
        let url = "https://idp.test:\(server.port)/"
        let presenting = try OutboundTrust(
            authoritiesPEM: TargetCertificates.authority, clientCertificatePEM: TargetCertificates.client,
            clientKeyPEM: TargetCertificates.clientKey)
        #expect(await failure(client, try patient(configured: url, trust: presenting).get()) == nil)
        // With TLS 1.3 a server refuses a missing certificate after the client's handshake is complete.
        #expect(await failure(client, try patient(configured: url, trust: try own.get()).get()) != nil)
        #expect(server.seen.count == 1)
        await server.stop()
    }

    @Test(
        "a foreign target reaches no private address",
        arguments: [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:192.168.0.1"], ["fd12::1"]])
    func foreign(addresses: [String]) async throws {
        var target = try OutboundTarget(foreign: "https://named.test/")
        target.timeoutMilliseconds = 60_000
        #expect(await failure(client(ScriptedResolver(addresses)), target.get()) == .refused(.forbiddenAddress))
    }

    @Test(
        "a configured target reaches no metadata service, by whatever name",
        arguments: [["169.254.169.254"], ["10.0.0.1", "169.254.169.254"], ["fd00:ec2::254"], ["fe80::1"]])
    func metadata(addresses: [String]) async throws {
        let target = try patient(configured: "http://metadata.test/latest/meta-data/")
        #expect(await failure(client(ScriptedResolver(addresses)), target.get()) == .refused(.forbiddenAddress))
        let literal = try patient(configured: "http://169.254.169.254/")
        #expect(await failure(client(ScriptedResolver([])), literal.get()) == .refused(.forbiddenAddress))
    }

    @Test("plain http is for private addresses, or for what is signed")
    func plainHTTP() async throws {
        let server = try await LoopbackServer.start()
        let target = try patient(configured: "http://idp.test:\(server.port)/")
        #expect(await failure(client(ScriptedResolver(["127.0.0.1"])), target.get()) == nil)
        for addresses in [["8.8.8.8"], ["127.0.0.1", "8.8.8.8"]] {
            #expect(await failure(client(ScriptedResolver(addresses)), target.get()) == .refused(.notHTTPS))
        }
        await server.stop()
    }

    @Test("a request that was pointed at another host after it was made is refused")
    func otherHost() async throws {
        let resolver = ScriptedResolver(["127.0.0.1"])
        for url in ["https://evil.test/", "http://idp.test/", "https://idp.test:444/"] {
            var request = try patient(configured: "https://idp.test/").get()
            request.url = url
            request.allowedHosts = ["evil.test", "idp.test"]
            #expect(await failure(client(resolver), request) == .refused(.hostNotAllowed))
        }
        #expect(resolver.asked.isEmpty)
    }

    @Test("a redirect is an answer, and the name is resolved once")
    func redirect() async throws {
        let server = try await LoopbackServer.start(status: 302, headers: [("location", "http://169.254.169.254/")], body: [])
        let resolver = ScriptedResolver(["127.0.0.1"], ["169.254.169.254"])
        let target = try patient(configured: "http://idp.test:\(server.port)/")
        #expect(try await client(resolver).send(target.get()).status == 302)
        #expect(resolver.asked == ["idp.test"])
        await server.stop()
    }

    @Test("the bounds of the target hold")
    func bounds() async throws {
        let server = try await LoopbackServer.start(body: [UInt8](repeating: 0x20, count: 100_000))
        let client = client(ScriptedResolver(["127.0.0.1"]))
        var target = try patient(configured: "http://idp.test:\(server.port)/")
        #expect(await failure(client, target.get()) == .unanswered(.tooLarge))
        target.answerBytesMax = 100_000
        #expect(await failure(client, target.get()) == nil)
        target.answerBytesMax = .min
        #expect(await failure(client, target.get()) == .unanswered(.tooLarge))
        await server.stop()
        let silent = try await LoopbackServer.start(answers: false)
        var slow = try patient(configured: "http://idp.test:\(silent.port)/")
        slow.timeoutMilliseconds = 200
        // On a busy machine the time may end before the request was sent.
        #expect([.unanswered(.timedOut), .notSent(.timedOut)].contains(await failure(client, slow.get())))
        await silent.stop()
    }

    @Test("a server that does not answer holds a bounded number of requests")
    func underWay() async throws {
        let silent = try await LoopbackServer.start(answers: false)
        let client = client(ScriptedResolver(["127.0.0.1"]))
        let request = try patient(configured: "http://idp.test:\(silent.port)/").get()
        await withTaskGroup(of: OutboundError?.self) { group in
            for _ in 0..<64 { group.addTask { await failure(client, request) } }
            while silent.seen.count < 64 { await Task.yield() }
            #expect(await failure(client, request) == .notSent(.tooMany))
            await silent.hangUp()
            for await outcome in group { #expect(outcome == .unanswered(.closed)) }
        }
        await silent.stop()
        // What has ended is no longer counted.
        let server = try await LoopbackServer.start()
        let next = try patient(configured: "http://idp.test:\(server.port)/")
        #expect(await failure(client, next.get()) == nil)
        await server.stop()
    }
}
