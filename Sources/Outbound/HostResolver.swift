import Glibc
import NIOPosix

/// Turns a host's name into addresses.
package protocol HostResolver: Sendable {
    /// Addresses in their usual form; empty when there are none.
    func addresses(of host: String) async -> [String]
}

/// The operating system's resolver, on threads of its own because it blocks.
package struct SystemResolver: HostResolver {
    private let threads: NIOThreadPool

    package init(threads: Int = 4) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.threads.start()
    }

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
