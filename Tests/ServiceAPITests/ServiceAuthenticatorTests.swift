import Capabilities
import EngineKit
import Logging
import SecretMemory
import ServiceRules
import Syntax
import TestSupport
import Testing

@testable import ServiceAPI

@Suite("Who is a service")
struct ServiceAuthenticatorTests {
    private static let token = "token-of-newsbot"
    private let time = ManualTime()
    private let authenticator: any InlineAuthenticator

    init() throws {
        let settings = ServiceSettings()
        let directory = ServiceDirectory(settings, randomness: SeededRandomness(seed: 1))
        func account(_ name: String, _ token: String?, certificate: String? = nil, isEnabled: Bool = true) -> ServiceAccount {
            ServiceAccount(
                definition: ServiceDefinition(name: name, isEnabled: isEnabled), token: token.map { SecretBytes(Array($0.utf8)) },
                certificateName: certificate)
        }
        try directory.replace([
            account("newsbot", Self.token), account("ui", "token-of-ui"), account("off", "token-of-off", isEnabled: false),
            account("worker", nil, certificate: "CN=worker"), account("both", "token-of-both", certificate: "CN=both"),
            account("bare", nil),
        ])
        let description = try #require(ServiceAuthenticator.descriptions(directory).first { $0.kind == ServiceCaller.kind })
        authenticator = try description.make(
            MountContext(
                path: "", accessor: "", storage: StampingStorage(MemoryStorage()), time: time,
                randomness: SeededRandomness(seed: 2), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    private func verdict(
        _ name: String, _ secret: String, certificates: [String] = [], from address: String = "10.1.2.3"
    ) async throws -> InlineVerdict {
        try await authenticator.authenticate(
            InlineAttempt(
                credentials: InlineCredentials(kind: ServiceCaller.kind, name: name, secret: SecretBytes(Array(secret.utf8))),
                operation: .read, path: try CanonicalPath(decoded: "services/data/p/x"),
                connection: Connection(remoteAddress: address, clientCertificateNames: certificates)))
    }

    /// Why it was refused; nil when it was not.
    private func refusal(
        _ name: String, _ secret: String, certificates: [String] = [], from address: String = "10.1.2.3"
    ) async throws -> InlineRefusal? {
        switch try await verdict(name, secret, certificates: certificates, from: address) {
        case .granted: nil
        case .refused(let refusal): refusal
        }
    }

    @Test("whoever has its token, whole, and no other's")
    func tokens() async throws {
        #expect(try await refusal("newsbot", Self.token) == nil)
        for secret in ["token-of-ui", "token-of-newsbo", "token-of-newsbotx", "Token-of-newsbot", ""] {
            #expect(try await refusal("newsbot", secret) == .wrongSecret)
        }
        #expect(try await refusal("nobody", Self.token) == .unknownName)
        #expect(try await refusal("bare", "") == .wrongSecret)
        #expect(try await refusal("bare", Self.token) == .wrongSecret)
    }

    @Test("nobody, while it is switched off")
    func disabled() async throws {
        #expect(try await refusal("off", "token-of-off") == .unknownName)
    }

    @Test("whoever shows its certificate, and its token where it has one")
    func certificates() async throws {
        #expect(try await refusal("worker", "", certificates: ["CN=worker"]) == nil)
        #expect(try await refusal("worker", "", certificates: ["CN=other", "CN=worker,O=Example"]) == .wrongSecret)
        #expect(try await refusal("worker", "") == .wrongSecret)
        #expect(try await refusal("both", "token-of-both", certificates: ["CN=both"]) == nil)
        #expect(try await refusal("both", "token-of-both") == .wrongSecret)
        #expect(try await refusal("both", "token-of-both", certificates: ["CN=worker"]) == .wrongSecret)
        #expect(try await refusal("both", "", certificates: ["CN=both"]) == .wrongSecret)
    }

    private func narrowed(_ caveats: [Caveat], from parent: String = Self.token) throws -> String {
        try caveats.reduce(CapabilityToken(parent: parent)) { try CapabilityToken(narrowing: $0, by: $1) }.text
    }

    @Test("whoever has a token that was narrowed from its own, with what is left of its rights")
    func narrowing() async throws {
        let text = try narrowed([.operations(["read"]), .paths(["services/data/p/"])])
        guard case .granted(let grant) = try await verdict("newsbot", text) else {
            Issue.record("refused")
            return
        }
        let limit = try #require(grant.limit)
        #expect(limit(.read, "services/data/p/x"))
        #expect(!limit(.update, "services/data/p/x") && !limit(.read, "services/data/q/x"))
        guard case .granted(let whole) = try await verdict("newsbot", Self.token) else {
            Issue.record("refused")
            return
        }
        #expect(whole.limit == nil)
    }

    @Test("nobody with a token that was narrowed from another's, or made up")
    func foreign() async throws {
        #expect(try await refusal("newsbot", narrowed([.operations(["read"])], from: "token-of-ui")) == .wrongSecret)
        #expect(try await refusal("ui", narrowed([.operations(["read"])])) == .wrongSecret)
        #expect(try await refusal("bare", narrowed([.operations(["read"])])) == .wrongSecret)
        // The right handle under a signature that somebody else made: the last letters of a text are its signature.
        let (own, other) = (
            try narrowed([.operations(["read"])]), try narrowed([.operations(["read"])], from: "token-of-ui")
        )
        let kept = own.utf8.count - 43
        let forged = String(decoding: Array(own.utf8.prefix(kept)) + Array(other.utf8.suffix(43)), as: UTF8.self)
        #expect(forged != own)
        #expect(try await refusal("newsbot", forged) == .wrongSecret)
    }

    @Test("nobody with a narrowed token that is over, comes from elsewhere or is used up")
    func limits() async throws {
        let end = time.now().seconds + 60
        let ends = try narrowed([.expiry(end)])
        #expect(try await refusal("newsbot", ends) == nil)
        time.advance(seconds: 60)
        #expect(try await refusal("newsbot", ends) == .wrongSecret)
        let here = try narrowed([.sources(["10.0.0.0/8"])])
        #expect(try await refusal("newsbot", here) == nil)
        #expect(try await refusal("newsbot", here, from: "11.0.0.1") == .notAllowed)
        #expect(try await refusal("newsbot", here, from: "") == .notAllowed)
        let twice = try narrowed([.uses(2, counter: "0123456789abcdef0123456789abcdef")])
        #expect(try await refusal("newsbot", twice) == nil)
        #expect(try await refusal("newsbot", twice) == nil)
        #expect(try await refusal("newsbot", twice) == .wrongSecret)
    }
}
