import EngineKit
import NIOPosix

/// Resolves host names to addresses.
package protocol HostResolver: Sendable {
    /// Returns the addresses of a host in numeric form. Returns an empty list if there are none or the lookup fails.
    func addresses(of host: String) async -> [String]
}

/// The resolver of the operating system. It blocks, so it runs on its own threads.
package struct SystemResolver: HostResolver {
    private let threads: NIOThreadPool

    /// Starts a resolver with a number of threads.
    package init(threads: Int = 4) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.threads.start()
    }

    /// Returns up to 16 addresses of the host.
    package func addresses(of host: String) async -> [String] {
        (try? await threads.runIfActive { Self.lookUp(host) }) ?? []
    }

    private static func lookUp(_ host: String) -> [String] {
        SystemAddress.lookUp(host).compactMap(\.text).reduce(into: []) { found, text in
            if !found.contains(text) { found.append(text) }
        }
    }
}
