package import Glibc

/// An address that a socket connects to, in the system's form (`sockaddr`).
package struct SystemAddress: Sendable {
    /// The address family, such as `AF_INET6`.
    package let family: Int32
    private let bytes: [UInt8]

    /// Creates an address from the bytes of its `sockaddr`.
    package init(family: Int32, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    /// Returns the addresses of a host, in the order in which they should be tried; none if the lookup fails. Blocks for as long as
    /// the system's resolver does.
    ///
    /// - Parameters:
    ///   - port: The number of the port, if the addresses are for a connection.
    ///   - type: The type of the sockets that will use them.
    ///   - max: The most addresses.
    package static func lookUp(
        _ host: String, port: String? = nil, type: __socket_type = SOCK_STREAM, max: Int = 16
    ) -> [SystemAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(type.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SystemAddress] = []
        var next = list
        while let info = next?.pointee, found.count < max {
            if let address = info.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
                found.append(SystemAddress(family: info.ai_family, bytes: Array(bytes)))
            }
            next = info.ai_next
        }
        return found
    }

    /// The address in numeric form, without the port; nil for a family that has none.
    package var text: String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = withPointer { getnameinfo($0, $1, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) }
        guard result == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Connects a socket to the address. Returns what `connect(2)` returns, which also sets `errno`.
    package func connect(_ descriptor: Int32) -> Int32 { withPointer { Glibc.connect(descriptor, $0, $1) } }

    /// Returns what a call of the system returns that takes the address and its length.
    package func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        // As large and as aligned as the address of any family.
        var storage = sockaddr_storage()
        let count = min(bytes.count, MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { storage in
            storage.copyBytes(from: bytes.prefix(count))
            return storage.withMemoryRebound(to: sockaddr.self) { address in
                // The storage is not empty, so it has an address.
                body(address.baseAddress!, socklen_t(count))
            }
        }
    }
}
