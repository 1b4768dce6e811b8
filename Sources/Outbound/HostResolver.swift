import Glibc
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
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next, found.count < 16 {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !found.contains(address) { found.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
