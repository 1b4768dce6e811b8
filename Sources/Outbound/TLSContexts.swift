import NIOSSL
import Synchronization

/// The TLS contexts of a client, one for each ``OutboundTrust``. They are created at first use, because reading the system's
/// certificates takes long, and the number of kept ones is bounded.
final class TLSContexts: Sendable {
    private let roots: NIOSSLTrustRoots
    private let made = Mutex<[OutboundTrust: NIOSSLContext]>([:])
    private static let countMax = 128

    /// Creates an empty collection.
    ///
    /// - Parameter roots: The authorities where a target has none of its own.
    init(trusting roots: NIOSSLTrustRoots) { self.roots = roots }

    /// Returns the context for a trust, created at the first call.
    func context(for trust: OutboundTrust) throws(OutboundError) -> NIOSSLContext {
        if let context = made.withLock({ $0[trust] }) { return context }
        // Created without the lock, so that no other request waits for the files. Two tasks may create the same context.
        guard let configuration = try? trust.configuration(trusting: roots),
            let context = try? NIOSSLContext(configuration: configuration)
        else { throw .notSent(.tlsFailed) }
        made.withLock { made in
            // Any one may be dropped: it is created again when it is needed.
            if made.count >= Self.countMax, let key = made.keys.first(where: { $0 != .system }) { made[key] = nil }
            made[trust] = context
        }
        return context
    }
}
