import Foundation
import NIOSSL
import Synchronization
import Syntax

/// The certificate and key that new connections get. Loading them anew leaves open connections as they are.
package final class TLSIdentity: Sendable {
    private let settings: TLSSettings
    private let current: Mutex<NIOSSLContext>

    package init(_ settings: TLSSettings) throws(TLSSettingsError) {
        self.settings = settings
        current = Mutex(try Self.load(settings))
    }

    /// Reads the files again; keeps what it has when they are unusable.
    package func reload() throws(TLSSettingsError) {
        let fresh = try Self.load(settings)
        current.withLock { $0 = fresh }
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    private static func load(_ settings: TLSSettings) throws(TLSSettingsError) -> NIOSSLContext {
        let certificates = try reading(settings.certificateFile, "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
        guard !certificates.isEmpty else { throw TLSSettingsError("no certificate in \(settings.certificateFile)") }
        let key = try reading(settings.keyFile, "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = settings.minimumVersion.value
        configuration.maximumTLSVersion = settings.maximumVersion?.value
        configuration.applicationProtocols = ["h2", "http/1.1"]
        configuration.certificateVerification =
            switch settings.clientCertificates {
            case .notAsked: .none
            case .optional: .optionalVerification
            case .required: .noHostnameVerification
            }
        if let file = settings.clientCAFile {
            _ = try reading(file, "client CA") { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .file(file)
            configuration.sendCANameList = true
        }
        if !settings.cipherSuites.isEmpty { configuration.cipherSuiteValues = try ciphers(settings.cipherSuites) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSSettingsError(
                "the TLS settings do not fit together; is \(settings.keyFile) the key of \(settings.certificateFile)?")
        }
    }

    private static func reading<T>(_ file: String, _ what: String, _ read: (String) throws -> T) throws(TLSSettingsError) -> T {
        do { return try read(file) } catch {
            let files = FileManager.default
            guard files.fileExists(atPath: file) else {
                throw TLSSettingsError("the file of the \(what) does not exist: \(file)")
            }
            guard files.isReadableFile(atPath: file) else {
                throw TLSSettingsError("the file of the \(what) may not be read by this user: \(file)")
            }
            throw TLSSettingsError("cannot read a \(what) in PEM form from \(file)")
        }
    }

    /// The suites that are safe to offer under TLS 1.2; those of TLS 1.3 are always on.
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
            default: throw TLSSettingsError("tls_cipher_suites names a suite that is unknown or not safe: \(name.prefixUTF8(64))")
            }
        }
        guard !found.isEmpty else { throw TLSSettingsError("tls_cipher_suites has no suite for TLS 1.2") }
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
