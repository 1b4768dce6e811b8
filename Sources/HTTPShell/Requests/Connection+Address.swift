import EngineKit
import NIOCore

extension EngineKit.Connection {
    init(_ address: SocketAddress?) {
        self.init(remoteAddress: address?.ipAddress ?? "", remotePort: address?.port ?? 0)
    }
}
