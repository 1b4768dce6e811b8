/// How to trust the server and who to be. The system's certificate authorities unless told otherwise.
public struct ClientTLS: Sendable {
    /// A PEM file of certificate authorities.
    public var authorityFile: String?
    /// The text of such a file; wins over the file.
    public var authorityText: String?
    /// A directory of such files (`.pem`, `.crt`, `.cer`).
    public var authorityDirectory: String?
    /// A PEM file with the client's certificate and its chain; needs ``keyFile``.
    public var certificateFile: String?
    public var keyFile: String?
    /// The name to ask for and to expect, in place of the address's host.
    public var serverName: String?
    /// Accepts any certificate: only for trying things out.
    public var skipVerify: Bool

    public init() { skipVerify = false }
}
