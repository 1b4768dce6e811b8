import CPostgres
import Glibc
import Syntax

/// Certificates and the private key as files, which libpq requires. The files are in memory and never on a disk.
final class PostgresFiles: Sendable {
    private let descriptors: [Int32]

    /// Adds the paths to the parameters. Returns nil if there are no certificates.
    init?(_ details: JSONObject, _ parameters: inout [String: String]) throws(DatabaseError) {
        let wanted = [
            ("sslrootcert", details["tls_ca"]?.stringValue ?? ""), ("sslcert", details["tls_certificate"]?.stringValue ?? ""),
            ("sslkey", details["private_key"]?.stringValue ?? ""),
        ].filter { !$0.1.isEmpty }
        guard !wanted.isEmpty else { return nil }
        guard wanted.contains(where: { $0.0 == "sslcert" }) == wanted.contains(where: { $0.0 == "sslkey" }) else {
            throw .invalid("tls_certificate and private_key belong together: send both or neither")
        }
        var opened: [Int32] = []
        for (keyword, pem) in wanted {
            guard pem.hasUTF8Prefix("-----BEGIN "), let descriptor = Self.file(holding: Array(pem.utf8)) else {
                for descriptor in opened { Glibc.close(descriptor) }
                throw .invalid("tls_ca, tls_certificate and private_key must be PEM text")
            }
            opened.append(descriptor)
            parameters[keyword] = "/proc/self/fd/\(descriptor)"
        }
        // A certificate authority without a check of the server's name would prove little.
        if parameters["sslrootcert"] != nil, parameters["sslmode"] == nil { parameters["sslmode"] = "verify-full" }
        descriptors = opened
    }

    deinit { for descriptor in descriptors { Glibc.close(descriptor) } }

    private static func file(holding bytes: [UInt8]) -> Int32? {
        let descriptor = coffer_memory_file("coffer-tls")
        guard descriptor >= 0 else { return nil }
        // libpq refuses a key that other users can read.
        guard fchmod(descriptor, 0o600) == 0, write(descriptor, bytes, bytes.count) == bytes.count else {
            Glibc.close(descriptor)
            return nil
        }
        return descriptor
    }
}
