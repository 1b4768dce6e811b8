internal import NIOSSL

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension ClientTLS {
    /// Reads the named files and returns the settings in the form that NIOSSL takes.
    ///
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidConfiguration`` if a file cannot be read or does not contain
    ///   what its setting needs.
    func resolved() throws(ClientError) -> TLSConfiguration {
        var result = TLSConfiguration.makeClientConfiguration()
        result.minimumTLSVersion = .tlsv12
        var authorities: [NIOSSLCertificate] = []
        if let authorityText {
            do {
                authorities += try NIOSSLCertificate.fromPEMBytes(Array(authorityText.utf8))
            } catch {
                throw ClientError(
                    .invalidConfiguration, "the text given for certificate authorities contains no valid PEM certificates")
            }
        } else if let authorityFile {
            authorities += try Self.certificates(in: authorityFile)
        }
        if let authorityDirectory {
            for name in try Self.certificateNames(in: authorityDirectory) {
                authorities += try Self.certificates(in: authorityDirectory + "/" + name)
            }
        }
        if authorityText != nil || authorityFile != nil || authorityDirectory != nil {
            result.trustRoots = .certificates(authorities)
        }
        switch (certificateFile, keyFile) {
        case (nil, nil): break
        case (let certificate?, let key?):
            result.certificateChain = try Self.certificates(in: certificate).map { .certificate($0) }
            do {
                result.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            } catch {
                throw ClientError(.invalidConfiguration, "cannot read a PEM private key from \(key)")
            }
        default: throw ClientError(.invalidConfiguration, "a client certificate needs both a certificate file and a key file")
        }
        if skipVerify { result.certificateVerification = .none }
        return result
    }

    private static func certificates(in path: String) throws(ClientError) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw ClientError(.invalidConfiguration, "cannot read PEM certificates from \(path)")
        }
    }

    /// Returns the names of the certificate files in a directory, sorted.
    private static func certificateNames(in directory: String) throws(ClientError) -> [String] {
        guard let handle = opendir(directory) else {
            throw ClientError(.invalidConfiguration, "cannot read the directory \(directory)")
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                    String(cString: $0)
                }
            }
            if [".pem", ".crt", ".cer"].contains(where: { name.utf8.reversed().starts(with: $0.utf8.reversed()) }) {
                names.append(name)
            }
        }
        return names.sorted()
    }
}
