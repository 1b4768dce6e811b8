import CLDAP
import Glibc

/// Certificates and a key as files, which libldap requires. The files are in memory and never on a disk.
final class DirectoryFiles {
    private var descriptors: [Int32] = []

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// Returns the path of a file with this text.
    func path(holding text: String) throws(DirectoryError) -> String {
        let bytes = Array(text.utf8)
        let descriptor = coffer_ldap_file("coffer-tls")
        guard descriptor >= 0 else { throw .unreachable("no file in memory can be made for a certificate") }
        descriptors.append(descriptor)
        guard fchmod(descriptor, 0o600) == 0, write(descriptor, bytes, bytes.count) == bytes.count else {
            throw .unreachable("no file in memory can be made for a certificate")
        }
        return "/proc/self/fd/\(descriptor)"
    }

    /// Returns the file with the certificate authorities of the system.
    static func systemAuthorities() throws(DirectoryError) -> String {
        let places = [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
        ]
        guard let place = places.first(where: { access($0, R_OK) == 0 }) else {
            throw .invalid("the system has no certificate authorities; set 'certificate' to those of the directory")
        }
        return place
    }
}
