import COpenSSL
import DatabaseClients

/// TLS over a connected socket, with the system's OpenSSL, which libpq needs anyway.
struct TLSTransport: RedisTransport {
    struct Settings: Sendable {
        /// The certificate authorities as PEM text; empty for those of the system.
        var authority: String
        var isUnverified: Bool
    }

    private let session: OpaquePointer

    /// Performs the handshake. The socket already has timeouts and remains the caller's.
    init(_ descriptor: Int32, host: String, _ settings: Settings) throws(DatabaseError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .unavailable("TLS cannot be set up") }
        defer { SSL_CTX_free(context) }
        _ = coffer_ssl_require_tls12(context)
        SSL_CTX_set_verify(context, settings.isUnverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
        try Self.trust(settings.authority, context)
        guard let session = SSL_new(context) else { throw .unavailable("TLS cannot be set up") }
        let isAddress = a2i_IPADDRESS(host).map { ASN1_OCTET_STRING_free($0) } != nil
        let parameters = SSL_get0_param(session)
        let isNamed =
            isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host) : X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count)
        if !isAddress { _ = coffer_ssl_set_host_name(session, host) }
        guard isNamed == 1, SSL_set_fd(session, descriptor) == 1, SSL_connect(session) == 1 else {
            SSL_free(session)
            throw .unavailable("TLS with the database server failed: see its certificate, ca_cert and the host's name")
        }
        self.session = session
    }

    private static func trust(_ authority: String, _ context: OpaquePointer) throws(DatabaseError) {
        guard !authority.isEmpty else {
            _ = SSL_CTX_set_default_verify_paths(context)
            return
        }
        let pem = Array(authority.utf8)
        let count = pem.withUnsafeBytes { bytes in
            let text = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(text) }
            var count = 0
            while let certificate = PEM_read_bio_X509(text, nil, nil, nil) {
                X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate)
                X509_free(certificate)
                count += 1
            }
            return count
        }
        ERR_clear_error()
        guard count > 0 else { throw .invalid("ca_cert must be PEM text") }
    }

    func send(_ bytes: [UInt8]) -> Bool { SSL_write(session, bytes, Int32(bytes.count)) == Int32(bytes.count) }

    func receive(_ buffer: inout [UInt8]) -> Int { Int(SSL_read(session, &buffer, Int32(buffer.count))) }

    func end() { SSL_free(session) }
}
