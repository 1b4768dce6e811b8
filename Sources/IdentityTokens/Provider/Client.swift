import EngineKit
import Identity
import OAuth
import Records
import SecretMemory
import Syntax

/// A program that lets people log in with a provider.
struct Client: Record, Hashable {
    /// Whether the program can keep a secret (RFC 6749, 2.1).
    enum Kind: String, CaseIterable, Sendable {
        case confidential
        case `public`
    }

    var clientID = ""
    /// Empty for a public client. The barrier encrypts it with the record.
    var secret = ""
    var kind = Kind.confidential
    var key = NamedKeys.defaultName
    var redirectURIs: [String] = []
    /// The names of the assignments, of which one must have whoever logs in.
    var assignments: [String] = []
    var idTokenTTL = 86_400
    var accessTokenTTL = 86_400

    /// What secrets begin with, so that tools that look for leaked secrets know them.
    static let secretPrefix = "hvo_secret_"
    static let secretCharacters = 64
    /// The longest life of an access token: 32 days.
    static let accessTokenTTLMax = 2_764_800
    private static let redirectURIsMax = 64

    /// Returns whether a secret is that of the client. A public client has none.
    func hasSecret(_ text: String) -> Bool {
        kind == .confidential && !secret.isEmpty && constantTimeEqual(Array(secret.utf8), Array(text.utf8))
    }
}

extension Client: SettingsRecord {
    static let settings = Settings(
        new: Client(),
        Setting("access_token_ttl", \.accessTokenTTL, as: .duration, help: "How long access tokens are valid."),
        Setting(
            "assignments", \.assignments,
            as: .names { names, name throws(CofferError) in try ObjectName.list(names, field: name) },
            help: "The assignments of those who may log in; allow_all for every entity. Nobody by default."),
        .kept("client_id", \.clientID, as: .text, isShown: true), .kept("client_secret", \.secret, as: .text),
        Setting(
            "client_type", \.kind, as: .choice(empty: .confidential),
            help: "confidential for programs that can keep a secret, public for others, which must use PKCE. It cannot be changed."),
        Setting("id_token_ttl", \.idTokenTTL, as: .duration, help: "How long ID tokens are valid."),
        Setting("key", \.key, as: .text.keptByEmptyText, help: "The named key that signs; it cannot be changed."),
        Setting(
            "redirect_uris", \.redirectURIs, as: .names(normalize: redirectURIs),
            help: "Where the browser may be sent with a code. Compared byte by byte; on the loopback interface any port matches."))

    private static func redirectURIs(_ uris: [String], field name: String) throws(CofferError) -> [String] {
        guard uris.count <= redirectURIsMax else { throw .invalid("field '\(name)' may have \(redirectURIsMax) URIs at most") }
        for uri in uris where !isRedirectURI(uri) {
            throw .invalid("field '\(name)' has a value that is not an absolute URI without a fragment")
        }
        return uris
    }

    /// Schemes by which a browser runs, shows or starts something instead of going to a program.
    private static let schemesOfBrowsers: Set = [
        "javascript", "data", "vbscript", "blob", "file", "filesystem", "view-source", "about", "intent",
    ]

    private static func isRedirectURI(_ uri: String) -> Bool {
        guard (1...RedirectURI.bytesMax).contains(uri.utf8.count), uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !uri.containsUTF8("#"), let (scheme, rest) = uri.cutUTF8(at: ":"), let first = scheme.utf8.first, first.isASCIILetter,
            scheme.utf8.allSatisfy({ $0.isASCIILetterOrDigit || "+-.".utf8.contains($0) }), !rest.isEmpty
        else { return false }
        let name = scheme.lowercased()
        if name == "http" || name == "https" {
            guard let place = rest.removingUTF8Prefix("//") else { return false }
            return Authority.isValid(place.prefixUTF8 { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") })
        }
        return !schemesOfBrowsers.contains(name)
    }

    func check() throws(CofferError) {
        guard idTokenTTL > 0, accessTokenTTL > 0 else {
            throw .invalid("id_token_ttl and access_token_ttl must be at least one second")
        }
        guard accessTokenTTL <= Self.accessTokenTTLMax else {
            throw .invalid("access_token_ttl may be \(Self.accessTokenTTLMax) seconds at most")
        }
    }
}
