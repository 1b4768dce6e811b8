import EngineKit
import Records
import Syntax

/// What tokens name as their issuer, where that is not the address of the server.
struct IssuerConfiguration: Record, Hashable {
    /// Scheme, host and port, such as `https://coffer.example:8200`; empty for the server's own address.
    var issuer = ""

    static let name = "current"
    private static let bytesMax = 512
}

extension IssuerConfiguration: SettingsRecord {
    static let settings = Settings(
        new: IssuerConfiguration(),
        Setting(
            "issuer", \.issuer, as: .text(check: check),
            help: "Scheme, host and port that tokens name as their issuer; by default the api_addr of the server."))

    /// Throws unless the text is empty, or a scheme with a host and perhaps a port and nothing else.
    static func check(_ text: String, field name: String) throws(CofferError) {
        guard !text.isEmpty, !isAddress(text) else { return }
        throw .invalid(
            "invalid issuer, which must include only a scheme, host, and optional port (e.g. https://example.com:8200)")
    }

    private static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= bytesMax, let rest = text.removingUTF8Prefix("https://") ?? text.removingUTF8Prefix("http://")
        else { return false }
        return Authority.isValid(rest)
    }
}
