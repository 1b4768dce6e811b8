internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension ClientError {
    /// Gives a failure of the network stack a stable code and a text that names no content.
    init(carrying error: any Error, method: ClientMethod, url: String) {
        let (code, message) = Self.meaning(of: error)
        self.init(code, message, method: method, url: url)
    }

    private static func meaning(of error: any Error) -> (Code, String) {
        switch error {
        case let error as ClientError: return (error.code, error.message)
        case is CancellationError: return (.cancelled, "the request was cancelled")
        case is NIOTooManyBytesError: return (.responseTooLarge, "the answer is larger than the client accepts")
        case let error as NIOConnectionError: return connection(error)
        case let error as IOError: return system(error)
        case let error as HTTPClientError: return client(error)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return (.tlsFailed, "the TLS handshake failed: \(tlsReason(error))")
        default: return (.connectionFailed, "the exchange failed: \(type(of: error))")
        }
    }

    private static func connection(_ error: NIOConnectionError) -> (Code, String) {
        if let cause = error.connectionErrors.first?.error {
            if let cause = cause as? IOError { return system(cause) }
            return (.connectionFailed, "connecting failed: \(type(of: cause))")
        }
        return (.connectionFailed, "the host name \(error.host) cannot be resolved")
    }

    private static func system(_ error: IOError) -> (Code, String) {
        switch error.errnoCode {
        case ECONNREFUSED: (.connectionRefused, "connection refused")
        case ENOENT: (.connectionRefused, "there is no such socket")
        case ECONNRESET, EPIPE: (.connectionFailed, "the server closed the connection")
        case ETIMEDOUT: (.timedOut, "connecting timed out")
        case EHOSTUNREACH, ENETUNREACH: (.connectionFailed, "the host cannot be reached")
        default: (.connectionFailed, "connecting failed: \(String(cString: strerror(error.errnoCode)))")
        }
    }

    private static func client(_ error: HTTPClientError) -> (Code, String) {
        switch error {
        case .connectTimeout, .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
            (.timedOut, "the server did not answer in time")
        case .tlsHandshakeTimeout: (.tlsFailed, "the TLS handshake timed out")
        case .cancelled: (.cancelled, "the request was cancelled")
        case .invalidURL, .emptyHost, .emptyScheme: (.invalidAddress, "the server address is not a valid URL")
        case .remoteConnectionClosed: (.connectionFailed, "the server closed the connection")
        default: (.connectionFailed, "the exchange failed: \(error.shortDescription)")
        }
    }

    /// What the TLS library says is a fixed text of its own: names of checks, no content.
    private static func tlsReason(_ error: any Error) -> String {
        let text = String(describing: error)
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            return "the server's certificate is not trusted"
        }
        if text.contains("failedToValidateHostname") { return "the server's certificate is for another name" }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") { return "the server does not speak TLS" }
        return String(text.prefix(200))
    }
}
