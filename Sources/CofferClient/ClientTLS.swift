/// How the server's certificate is verified, and which certificate the client presents.
///
/// By default the certificate authorities of the system are trusted and no client certificate is presented. Once any of
/// ``authorityFile``, ``authorityText`` and ``authorityDirectory`` is set, only the authorities named there are trusted. The files
/// are read when a client is created.
public struct ClientTLS: Sendable {
    /// The path of a PEM file with certificate authorities to trust. Ignored if ``authorityText`` is set.
    public var authorityFile: String?
    /// The PEM text of certificate authorities to trust.
    public var authorityText: String?
    /// The path of a directory whose `.pem`, `.crt` and `.cer` files hold certificate authorities to trust.
    public var authorityDirectory: String?
    /// The path of a PEM file with the client's certificate and its chain. Requires ``keyFile``.
    public var certificateFile: String?
    /// The path of a PEM file with the private key of the client's certificate. Requires ``certificateFile``.
    public var keyFile: String?
    /// The name that is sent to the server and that its certificate must be for, or nil to use the host of the address.
    public var serverName: String?
    /// Whether any server certificate is accepted. False by default.
    ///
    /// - Warning: Without verification, anyone on the network path can read the token and the secrets. Use it for experiments only.
    public var skipVerify: Bool

    /// Creates the default settings: the system's certificate authorities and no client certificate.
    public init() { skipVerify = false }
}
