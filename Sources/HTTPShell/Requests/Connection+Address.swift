import EngineKit
import NIOCore

extension EngineKit.Connection {
    /// Creates a connection from a socket's peer. Unix sockets have no address.
    init(_ address: SocketAddress?) {
        self.init(remoteAddress: address?.ipAddress ?? "", remotePort: address?.port ?? 0)
    }
}
