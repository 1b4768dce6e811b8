import NIOCore
import NIOSSL
import Synchronization

/// The certificates that a client presented in one TLS handshake, as DER, its own first.
final class PresentedChain: Sendable {
    private let certificates = Mutex<[[UInt8]]>([])
    private let known: KnownChains

    /// Creates an empty chain.
    ///
    /// - Parameter known: The chains of earlier handshakes of the listener.
    init(known: KnownChains) { self.known = known }

    /// Returns the TLS handler of a connection, which fills this chain if clients are asked for certificates.
    func handler(_ context: NIOSSLContext, _ clients: TLSSettings.ClientCertificates) throws -> NIOSSLServerHandler {
        switch clients {
        case .notAsked: return NIOSSLServerHandler(context: context)
        case .requested:
            return NIOSSLServerHandler(context: context) { presented, promise in
                self.take(presented)
                promise.succeed(.certificateVerified)
            }
        case .optional, .required:
            return try VerifiedChain.handler(context) { result, certificate in
                if result == .certificateVerified { self.takeNext(certificate) }
                return result
            }
        }
    }

    /// Returns the chain after the handshake.
    ///
    /// A client that resumes a session does not present its certificates again. NIOSSL then knows the client's own certificate
    /// only, so the others are those that it presented before.
    func chain(endingIn own: NIOSSLCertificate?) -> [[UInt8]] {
        guard let own = try? own?.toDERBytes() else { return [] }
        let presented = certificates.withLock { $0 }
        guard presented.first == own else { return known[own] ?? [own] }
        known.keep(presented)
        return presented
    }

    private func take(_ presented: [NIOSSLCertificate]) {
        let encoded = presented.compactMap { try? $0.toDERBytes() }
        certificates.withLock { $0 = encoded.count == presented.count ? encoded : [] }
    }

    /// Takes a certificate of a chain that is verified from the authority downwards.
    private func takeNext(_ certificate: NIOSSLCertificate) {
        guard let encoded = try? certificate.toDERBytes() else { return }
        certificates.withLock { certificates in
            if certificates.first != encoded { certificates.insert(encoded, at: 0) }
        }
    }
}

/// The chains of more than one certificate that clients of a listener presented, so that they are known when a session is
/// resumed. The number and the size of the kept ones are bounded, and any of them may be dropped.
final class KnownChains: Sendable {
    private let chains = Mutex<[[UInt8]: [[UInt8]]]>([:])
    private static let countMax = 256
    private static let bytesMax = 16 << 10

    /// Creates an empty collection.
    init() {}

    /// Returns the chain that begins with a certificate.
    subscript(own: [UInt8]) -> [[UInt8]]? { chains.withLock { $0[own] } }

    /// Keeps the latest chain of a certificate, unless it has one certificate or is too large.
    func keep(_ chain: [[UInt8]]) {
        guard chain.count > 1, let own = chain.first, chain.reduce(0, { $0 + $1.count }) <= Self.bytesMax else { return }
        chains.withLock { chains in
            if chains[own] == nil, chains.count >= Self.countMax, let any = chains.keys.first { chains[any] = nil }
            chains[own] = chain
        }
    }
}

/// NIOSSL shows a chain that it has verified only to a callback that is deprecated in favor of one that replaces the verification.
/// The protocol keeps the verification, and calls the callback without the compiler's warning.
private protocol VerifiedChainHandlers {
    static func handler(
        _ context: NIOSSLContext, _ onEach: @escaping NIOSSLVerificationCallback
    ) throws -> NIOSSLServerHandler
}

private enum DeprecatedHandlers: VerifiedChainHandlers {
    @available(*, deprecated, message: "Call it through VerifiedChain.")
    static func handler(
        _ context: NIOSSLContext, _ onEach: @escaping NIOSSLVerificationCallback
    ) throws -> NIOSSLServerHandler {
        try NIOSSLServerHandler(context: context, verificationCallback: onEach)
    }
}

private enum VerifiedChain {
    /// Returns a handler that verifies clients' certificates, and passes on each verdict.
    static func handler(
        _ context: NIOSSLContext, _ onEach: @escaping NIOSSLVerificationCallback
    ) throws -> NIOSSLServerHandler {
        let handlers: any VerifiedChainHandlers.Type = DeprecatedHandlers.self
        return try handlers.handler(context, onEach)
    }
}
