import Foundation
import NIOSSL
import Synchronization
import Syntax

/// The certificate and key of a listener, which can be reloaded. Open connections keep the ones that they started with.
package final class TLSIdentity: Sendable {
    let settings: TLSSettings
    /// The chains that clients have presented.
    let knownChains = KnownChains()
    private let current: Mutex<State>

    private struct State {
        var context: NIOSSLContext
        /// The files that were read last, whether they could be used or not.
        var read: [FileStamp?]
        /// The files when they were looked at last.
        var seen: [FileStamp?]
    }

    /// Reads the certificate and the key.
    ///
    /// - Throws: `TLSSettingsError` if they cannot be used.
    package init(_ settings: TLSSettings) throws(TLSSettingsError) {
        self.settings = settings
        let stamps = settings.files.map(FileStamp.init)
        current = Mutex(State(context: try Self.load(settings), read: stamps, seen: stamps))
    }

    /// Reads the files again.
    ///
    /// - Throws: `TLSSettingsError` if they cannot be used. The previous certificate and key are kept.
    package func reload() throws(TLSSettingsError) {
        // Looked at before they are read: a file that changes meanwhile differs from this, and is read again.
        let stamps = settings.files.map(FileStamp.init)
        current.withLock { ($0.read, $0.seen) = (stamps, stamps) }
        let fresh = try Self.load(settings)
        // Unless newer files have been read meanwhile, by a signal and the watch at the same time.
        current.withLock { if $0.read == stamps { $0.context = fresh } }
    }

    /// Reads the files again if they have changed since they were read, and not since the previous call, so that a certificate and
    /// a key that are written one after the other are read together. Files that cannot be used are tried once.
    ///
    /// - Returns: Whether the new files are in use.
    /// - Throws: `TLSSettingsError` if they cannot be used. The previous certificate and key are kept.
    package func reloadIfChanged() throws(TLSSettingsError) -> Bool {
        let stamps = settings.files.map(FileStamp.init)
        let isDue = current.withLock { current in
            defer { current.seen = stamps }
            return stamps != current.read && stamps == current.seen
        }
        guard isDue else { return false }
        try reload()
        return true
    }

    var context: NIOSSLContext { current.withLock { $0.context } }

    private static func load(_ settings: TLSSettings) throws(TLSSettingsError) -> NIOSSLContext {
        let certificates = try reading(settings.certificateFile, as: "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
        guard !certificates.isEmpty else { throw TLSSettingsError("\(settings.certificateFile) contains no certificate") }
        let key = try reading(settings.keyFile, as: "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = settings.minimumVersion.value
        configuration.maximumTLSVersion = settings.maximumVersion?.value
        configuration.applicationProtocols = ["h2", "http/1.1"]
        configuration.certificateVerification =
            switch settings.clientCertificates {
            case .notAsked: .none
            case .requested, .optional: .optionalVerification
            case .required: .noHostnameVerification
            }
        // Nobody's certificate is verified by the listener; without authorities, those of the system would be read.
        if settings.clientCertificates == .requested { configuration.trustRoots = .certificates([]) }
        if settings.clientCertificates.areVerified, let file = settings.clientCAFile {
            _ = try reading(file, as: "client CA certificate") { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .file(file)
            configuration.sendCANameList = true
        }
        if !settings.cipherSuites.isEmpty { configuration.cipherSuiteValues = try ciphers(settings.cipherSuites) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSSettingsError(
                "the TLS settings contradict each other; check that \(settings.keyFile) is the key of \(settings.certificateFile)")
        }
    }

    /// Reads a file, with an error that says what it should contain.
    private static func reading<T>(_ file: String, as what: String, _ read: (String) throws -> T) throws(TLSSettingsError) -> T {
        do { return try read(file) } catch {
            let files = FileManager.default
            guard files.fileExists(atPath: file) else { throw TLSSettingsError("the \(what) file does not exist: \(file)") }
            guard files.isReadableFile(atPath: file) else {
                throw TLSSettingsError("this user may not read the \(what) file: \(file)")
            }
            throw TLSSettingsError("cannot read a \(what) in PEM form from \(file)")
        }
    }

    /// Returns the named suites for TLS 1.2. Only suites with forward secrecy and authenticated encryption are accepted.
    ///
    /// The suites of TLS 1.3 are always enabled, so their names are accepted and ignored.
    private static func ciphers(_ names: [String]) throws(TLSSettingsError) -> [NIOTLSCipher] {
        var found: [NIOTLSCipher] = []
        for name in names {
            switch name {
            case "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": found.append(.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)
            case "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": found.append(.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)
            case "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": found.append(.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
            case "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": found.append(.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
            case "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256":
                found.append(.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256)
            case "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256":
                found.append(.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
            case "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256": break
            default: throw TLSSettingsError("tls_cipher_suites contains an unknown or unsafe suite: \(name.prefixUTF8(64))")
            }
        }
        guard !found.isEmpty else { throw TLSSettingsError("tls_cipher_suites contains no suite for TLS 1.2") }
        return found
    }
}

extension TLSSettings.Version {
    fileprivate var value: TLSVersion {
        switch self {
        case .tls12: .tlsv12
        case .tls13: .tlsv13
        }
    }
}
