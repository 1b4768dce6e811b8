import EngineKit
import Foundation
import HTTPShell
import Testing

@testable import Server  // What is told at the start is the room's own.

@Suite("What a listener does unless it is told otherwise")
struct ListenerSafetyTests {
    private func listener(_ text: String, kind: String = "tcp") throws -> ListenerSettings {
        var configuration = ServerConfiguration()
        try configuration.apply(text: Array("listener \"\(kind)\" {\n\(text)\n}".utf8), file: "c.hcl")
        return try #require(configuration.listeners.first)
    }

    private func refusal(_ text: String) -> String? {
        do { _ = try listener(text) } catch { return "\(error)" }
        return nil
    }

    private static let files = "tls_cert_file = \"/c\"\ntls_key_file = \"/k\"\n"

    @Test("a socket is its owner's alone")
    func socket() throws {
        #expect(
            try listener("address = \"/run/coffer.sock\"", kind: "unix").address == .unix(path: "/run/coffer.sock", mode: 0o600))
        let open = try listener("address = \"/run/coffer.sock\"\nsocket_mode = \"0660\"", kind: "unix")
        #expect(open.address == .unix(path: "/run/coffer.sock", mode: 0o660))
    }

    @Test("an address that a stranger forwards is refused, and so is a request without one")
    func forwarding() throws {
        let text = "tls_disable = true\nx_forwarded_for_authorized_addrs = [\"10.0.0.0/8\"]\n"
        let strict = try #require(try listener(text).forwarding)
        #expect(strict.rejectsUnauthorized && strict.rejectsAbsent)
        let lax = try #require(try listener(text + "x_forwarded_for_reject_not_authorized = false").forwarding)
        #expect(!lax.rejectsUnauthorized && lax.rejectsAbsent)
        #expect(try listener("tls_disable = true").forwarding == nil)
    }

    @Test("a client certificate is required where it is asked to be, and only by authorities that are named")
    func clientCertificates() throws {
        let authority = Self.files + "tls_client_ca_file = \"/ca\"\n"
        #expect(
            try listener(authority + "tls_require_and_verify_client_cert = true").tls?.clientCertificates == .required)
        #expect(try listener(authority).tls?.clientCertificates == .optional)
        #expect(try listener(authority + "tls_disable_client_certs = true").tls?.clientCertificates == .notAsked)
        #expect(try listener(Self.files).tls?.clientCertificates == .requested)
        #expect(try listener(Self.files + "tls_disable_client_certs = true").tls?.clientCertificates == .notAsked)
        #expect(refusal(Self.files + "tls_require_and_verify_client_cert = true") != nil)
        #expect(refusal(authority + "tls_require_and_verify_client_cert = true\ntls_disable_client_certs = true") != nil)
    }

    @Test(
        "it speaks no plain HTTP for want of a certificate",
        arguments: ["", "tls_cert_file = \"/c\"", "tls_key_file = \"/k\"", "tls_disable = false"])
    func noCertificate(text: String) {
        #expect(refusal(text)?.contains("tls_disable = true") == true)
    }

    @Test(
        "what would change who may connect is refused by its name",
        arguments: ["chroot_namespace"])
    func unsupported(key: String) {
        #expect(refusal("tls_disable = true\n\(key) = \"x\"")?.contains(key) == true)
        #expect(refusal("tls_disable = true\n\(key) = \"x\"")?.contains("not supported") == true)
    }

    @Test("files with secrets are told of when others may read or write them", arguments: [0o600, 0o640, 0o604, 0o602, 0o644])
    func openFiles(mode: Int) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "coffer-\(UUID().uuidString)")
        try Data("x".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path())
        #expect((FilePrivacy.openMode(file.path()) != nil) == (mode & 0o006 != 0))
        #expect(FilePrivacy.openMode(file.path() + ".none") == nil)
    }
}
