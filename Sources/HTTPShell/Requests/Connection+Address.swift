import Certificates
import EngineKit
import NIOCore
import NIOSSL

extension EngineKit.Connection {
    init(_ address: SocketAddress?) {
        self.init(remoteAddress: address?.ipAddress ?? "", remotePort: address?.port ?? 0)
    }

    /// The certificate that the client showed, if it did.
    mutating func add(_ certificate: NIOSSLCertificate?) {
        guard let der = try? certificate?.toDERBytes() else { return }
        clientCertificateNames = CertificateNames.names(inDER: der)
    }
}
