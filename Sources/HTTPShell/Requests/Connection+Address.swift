import Certificates
import EngineKit
import NIOCore
import NIOSSL

extension EngineKit.Connection {
    /// Creates a connection from a socket's peer. Unix sockets have no address.
    init(_ address: SocketAddress?) {
        self.init(remoteAddress: address?.ipAddress ?? "", remotePort: address?.port ?? 0)
    }

    /// Adds the names in the client's certificate, if it presented one.
    mutating func add(_ certificate: NIOSSLCertificate?) {
        guard let der = try? certificate?.toDERBytes() else { return }
        clientCertificateNames = CertificateNames.names(inDER: der)
    }
}
