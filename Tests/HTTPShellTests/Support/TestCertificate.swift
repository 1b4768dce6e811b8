import Foundation

/// Self-signed certificates for localhost, valid to 2120, with keys that guard nothing.
struct TestCertificate: Sendable {
    let certificate: String
    let key: String

    static let one = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBezCCASCgAwIBAgIUaI9iNWF7q+nZTDvEvqP9yT73EiUwCgYIKoZIzj0EAwIw
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
            MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAATnXNSXlbduEHZ/N8RKaVuDBS3yMBjQrEVNuIcCeeoQNudNLIluiOdy
            7JxvLjwbETeu+t3Jmy3KeeaXGb7N41Mjo04wTDAaBgNVHREEEzARgglsb2NhbGhv
            c3SHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUmZlGWZCRwlW4/Df8
            ZzCdSSq+2x0wCgYIKoZIzj0EAwIDSQAwRgIhAIMWXY73l4IUnzxqTM4WYKKrDyl3
            0M6YT50aL0iaELRzAiEAzqaHuJx42AAbXRkfxNQtnfb5AfXwLoJsi/8H2nk3hwM=
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG1Lv/3E+DrD3L1pO
            p9canvfe+UP+5DM7TuAZSH81Y1KhRANCAATnXNSXlbduEHZ/N8RKaVuDBS3yMBjQ
            rEVNuIcCeeoQNudNLIluiOdy7JxvLjwbETeu+t3Jmy3KeeaXGb7N41Mj
            -----END PRIVATE KEY-----

            """)

    static let two = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBeTCCASCgAwIBAgIUQosUEqcVWWQ1I6dyq9giIDNcs7EwCgYIKoZIzj0EAwIw
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
            MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAAQpGIB1PRSeM4KTq5oIack34dX1lvM+ubUBQ4aaj24TJig7ujWgpIdB
            rV76f9mcyhLZnb7DCrRfrytZNtOyGxg9o04wTDAaBgNVHREEEzARgglsb2NhbGhv
            c3SHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQURocLm+EMe0c8kJ43
            RdJKa0wyq9YwCgYIKoZIzj0EAwIDRwAwRAIgc6l+4HWkx0JKjZd4J5wqU0z9nDqO
            zdnguqYNM+FASOsCIGSKv6OuSBig/Jdc224hf9QlGq/VOUke2vKXMfxNFf9N
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK4z5WP0oiuyVDjft
            p1n8HwjXOvzHUSjHouXDT3xU2WqhRANCAAQpGIB1PRSeM4KTq5oIack34dX1lvM+
            ubUBQ4aaj24TJig7ujWgpIdBrV76f9mcyhLZnb7DCrRfrytZNtOyGxg9
            -----END PRIVATE KEY-----

            """)

    /// Writes both files, over what was there.
    func write(to directory: TestDirectory) throws {
        try Data(certificate.utf8).write(to: URL(filePath: directory.path("cert.pem")))
        try Data(key.utf8).write(to: URL(filePath: directory.path("key.pem")))
    }
}

/// A directory that goes with its last reference.
final class TestDirectory: Sendable {
    let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "coffer-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    deinit { try? FileManager.default.removeItem(atPath: root) }
}
