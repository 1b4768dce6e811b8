internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension ClientError {
    /// Creates an error from a failure of the network stack, with a stable code and a text that has no content of the exchange.
    init(carrying error: any Error, method: ClientMethod, url: String) {
        let (code, message) = Self.meaning(of: error)
        self.init(code, message, method: method, url: url)
    }

    private static func meaning(of error: any Error) -> (Code, String) {
        switch error {
        case let error as ClientError: return (error.code, error.message)
        case is CancellationError: return (.canceled, "the request was canceled")
        case is NIOTooManyBytesError: return (.responseTooLarge, "the answer is larger than the client accepts (responseBytesMax)")
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
        return (.connectionFailed, "cannot resolve the host name \(error.host)")
    }

    private static func system(_ error: IOError) -> (Code, String) {
        switch error.errnoCode {
        case ECONNREFUSED: (.connectionRefused, "connection refused")
        case ENOENT: (.connectionRefused, "the socket does not exist")
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
        case .cancelled: (.canceled, "the request was canceled")
        case .invalidURL, .emptyHost, .emptyScheme: (.invalidAddress, "the server address is not a valid URL")
        case .remoteConnectionClosed: (.connectionFailed, "the server closed the connection")
        default: (.connectionFailed, "the exchange failed: \(error.shortDescription)")
        }
    }

    /// Returns the cause of a failed handshake. The texts of the TLS library are fixed names of checks, without content.
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
