import Foundation
import HTTPShell
import Testing

@Suite("Certificate files that change")
struct CertificateReloadTests {
    private func settings(_ directory: TestDirectory) -> TLSSettings {
        TLSSettings(certificateFile: directory.path("cert.pem"), keyFile: directory.path("key.pem"))
    }

    /// Writes both files, or the certificate alone. Each writing has a time of its own, however quickly one follows the other.
    private func write(_ one: TestCertificate, to directory: TestDirectory, second: Double, certificateAlone: Bool = false) throws {
        try put(one.certificate, directory.path("cert.pem"), second)
        if !certificateAlone { try put(one.key, directory.path("key.pem"), second) }
    }

    private func put(_ text: String, _ path: String, _ second: Double) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_800_000_000 + second)], ofItemAtPath: path)
    }

    @Test("files are read again when they have changed and then stayed the same")
    func settled() throws {
        let directory = try TestDirectory()
        try write(.one, to: directory, second: 1)
        let identity = try TLSIdentity(settings(directory))
        #expect(try !identity.reloadIfChanged())
        try write(.two, to: directory, second: 50, certificateAlone: true)
        #expect(try !identity.reloadIfChanged())
        // The key follows before the certificate is read alone.
        try write(.two, to: directory, second: 2)
        #expect(try !identity.reloadIfChanged())
        #expect(try identity.reloadIfChanged())
        #expect(try !identity.reloadIfChanged())
    }

    @Test("files that cannot be used are tried once, and the next ones again")
    func broken() throws {
        let directory = try TestDirectory()
        try write(.one, to: directory, second: 3)
        let identity = try TLSIdentity(settings(directory))
        try put("canary", directory.path("cert.pem"), 51)
        #expect(try !identity.reloadIfChanged())
        #expect { try identity.reloadIfChanged() } throws: { "\($0)".contains("cert.pem") && !"\($0)".contains("canary") }
        #expect(try !identity.reloadIfChanged())
        try FileManager.default.removeItem(atPath: directory.path("cert.pem"))
        #expect(try !identity.reloadIfChanged())
        #expect(throws: TLSSettingsError.self) { try identity.reloadIfChanged() }
        try write(.two, to: directory, second: 4)
        #expect(try !identity.reloadIfChanged())
        #expect(try identity.reloadIfChanged())
    }

    @Test("a file that this user may read now is a change")
    func permissions() throws {
        let directory = try TestDirectory()
        try write(.one, to: directory, second: 7)
        let identity = try TLSIdentity(settings(directory))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: directory.path("key.pem"))
        #expect(try !identity.reloadIfChanged())
        #expect(try identity.reloadIfChanged())
    }

    @Test("a link that leads to other files is a change, as in the volumes of Kubernetes")
    func link() throws {
        let (first, second, volume) = (try TestDirectory(), try TestDirectory(), try TestDirectory())
        try write(.one, to: first, second: 5)
        try write(.two, to: second, second: 6)
        let data = volume.path("data")
        try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: first.root)
        let identity = try TLSIdentity(TLSSettings(certificateFile: data + "/cert.pem", keyFile: data + "/key.pem"))
        try FileManager.default.removeItem(atPath: data)
        try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: second.root)
        #expect(try !identity.reloadIfChanged())
        #expect(try identity.reloadIfChanged())
    }

    @Test("what SIGHUP has read is not read again")
    func reloaded() throws {
        let directory = try TestDirectory()
        try write(.one, to: directory, second: 7)
        let identity = try TLSIdentity(settings(directory))
        try write(.two, to: directory, second: 8)
        try identity.reload()
        #expect(try !identity.reloadIfChanged())
        #expect(try !identity.reloadIfChanged())
    }
}
