/// How a listener speaks TLS. Paths are of PEM files.
package struct TLSSettings: Sendable, Hashable {
    package enum Version: String, Sendable, Hashable {
        case tls12, tls13
    }

    package enum ClientCertificates: Sendable, Hashable {
        case notAsked
        /// Checked when one is sent.
        case optional
        case required
    }

    package var certificateFile: String
    package var keyFile: String
    package var minimumVersion = Version.tls12
    package var maximumVersion: Version?
    package var clientCAFile: String?
    package var clientCertificates = ClientCertificates.notAsked
    /// Names as IANA and Go write them, for TLS 1.2; empty takes the library's choice.
    package var cipherSuites: [String] = []

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

package struct TLSSettingsError: Error, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
