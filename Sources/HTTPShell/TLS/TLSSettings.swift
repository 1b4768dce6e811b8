/// The TLS settings of a listener. All paths are those of PEM files.
package struct TLSSettings: Sendable, Hashable {
    /// The supported versions of TLS.
    package enum Version: String, Sendable, Hashable {
        /// TLS 1.2 (RFC 5246).
        case tls12
        /// TLS 1.3 (RFC 8446).
        case tls13
    }

    /// Whether clients present certificates.
    package enum ClientCertificates: Sendable, Hashable {
        /// Clients are not asked for a certificate.
        case notAsked
        /// Clients may present any certificate. The listener does not judge it; whoever relies on it does.
        case requested
        /// Clients may present a certificate, which must then be valid.
        case optional
        /// Clients must present a valid certificate.
        case required

        /// Whether a certificate that is presented has been verified.
        var areVerified: Bool { self == .optional || self == .required }
    }

    /// The path of the server's certificate and its chain.
    package var certificateFile: String
    /// The path of the private key of the certificate.
    package var keyFile: String
    /// The oldest version that is accepted.
    package var minimumVersion = Version.tls12
    /// The newest version that is accepted, or nil for the newest that the library supports.
    package var maximumVersion: Version?
    /// The path of the authorities that client certificates must be issued by, or nil for those of the system.
    package var clientCAFile: String?
    /// Whether clients present certificates.
    package var clientCertificates = ClientCertificates.notAsked
    /// The names of the suites for TLS 1.2, as in the IANA registry or in Go; empty for the suites that the library selects.
    package var cipherSuites: [String] = []

    /// Whether the files are read again when they change.
    package var reloadsChangedFiles = true

    /// The files that the settings name.
    var files: [String] { [certificateFile, keyFile] + (clientCAFile.map { [$0] } ?? []) }

    /// Creates settings with the default versions and suites.
    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// A fault in the TLS settings or in a file that they name. The description contains paths, but no content of files.
package struct TLSSettingsError: Error, Sendable, CustomStringConvertible {
    /// The fault.
    package var description: String

    init(_ description: String) { self.description = description }
}
