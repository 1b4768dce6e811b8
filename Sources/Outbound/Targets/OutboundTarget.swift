import Syntax

/// Another server that a setting names, such as a JWKS URL or a Kubernetes API: its URL, whom to trust there, and the bounds of
/// one request.
///
/// A target reaches the host of its URL and nothing else. The host's addresses are resolved once for each request and checked by
/// the ``AddressPolicy``, and redirects are not followed.
///
///     let target = try OutboundTarget(configured: settings.jwksURL, trust: OutboundTrust(authoritiesPEM: settings.caPEM))
///     let reply = try await outbound.send(target.get())
///
/// Only what an operator wrote into the settings of a mount, through a request that a policy allowed, is configured. A URL from a
/// login, a token, a certificate or any other input is foreign, and reaches public addresses only.
package struct OutboundTarget: Sendable, Hashable {
    /// Who named the URL of a target.
    package enum Source: Sendable, Hashable {
        /// An operator did, in the settings of a mount or of the server.
        case configuration
        /// A caller or another server did.
        case input
    }

    /// The URL.
    package let url: String
    /// Who named the URL.
    package let source: Source
    /// Whom to trust, and what to present.
    package let trust: OutboundTrust
    /// Whether everything that is fetched carries a signature that the caller verifies, as CRLs and OCSP responses do. Only
    /// then may it come over plain http from a public address.
    package let isSigned: Bool
    /// The time for a whole request, including the lookup of the host name; at most a minute.
    package var timeoutMilliseconds: Int64 = 10_000
    /// The largest body of a response; at most 16 MiB.
    package var answerBytesMax = 64 << 10

    private let location: OutboundURL

    /// Creates a target that an operator configured. Its host may have a private or loopback address.
    ///
    /// - Throws: ``OutboundTargetError/malformedURL`` if the URL is not an absolute `https` or `http` URL. `http` is refused
    ///   later, by `send`, if the host has a public address and what it serves is not signed.
    package init(
        configured url: String, trust: OutboundTrust = .system, isSigned: Bool = false
    ) throws(OutboundTargetError) {
        try self.init(url, from: .configuration, trust: trust, isSigned: isSigned)
    }

    /// Creates a target that somebody else than an operator named. Its host must have public addresses only.
    ///
    /// - Throws: ``OutboundTargetError/malformedURL``, or ``OutboundTargetError/plainHTTP`` if the URL uses `http` and what it
    ///   serves is not signed.
    package init(foreign url: String, trust: OutboundTrust = .system, isSigned: Bool = false) throws(OutboundTargetError) {
        try self.init(url, from: .input, trust: trust, isSigned: isSigned)
    }

    private init(
        _ url: String, from source: Source, trust: OutboundTrust, isSigned: Bool
    ) throws(OutboundTargetError) {
        guard let location = OutboundURL(url) else { throw .malformedURL }
        guard location.scheme == .https || isSigned || source == .configuration else { throw .plainHTTP }
        self.url = url
        self.location = location
        self.source = source
        self.trust = trust
        self.isSigned = isSigned
    }

    /// Returns the target of a URL that a response of this target contained, such as the `jwks_uri` of a discovery document.
    ///
    /// On the same host it is configured as this target is. On another host, a private address is allowed only if this
    /// target is configured and answered from a private address itself: an inner service may name other inner services, a public
    /// one may not. The certificate authorities are those of this target; its client certificate and server name are kept for
    /// the same scheme, host and port only.
    ///
    /// - Throws: ``OutboundTargetError``, also if an `https` target names an `http` URL.
    package func linked(_ url: String, in reply: OutboundReply) throws(OutboundTargetError) -> OutboundTarget {
        guard let there = OutboundURL(url) else { throw .malformedURL }
        guard there.scheme == .https || location.scheme == .http || isSigned else { throw .plainHTTP }
        let isInside = there.host == location.host || reply.isFromPrivateAddress
        var linked = try OutboundTarget(
            url, from: source == .configuration && isInside ? .configuration : .input,
            trust: covers(there) ? trust : trust.authoritiesAlone, isSigned: isSigned)
        linked.timeoutMilliseconds = timeoutMilliseconds
        linked.answerBytesMax = answerBytesMax
        return linked
    }

    /// Whether a URL has the scheme, host and port of this target.
    func covers(_ other: OutboundURL) -> Bool {
        (other.scheme, other.host, other.port) == (location.scheme, location.host, location.port)
    }
}

// MARK: Requests

extension OutboundTarget {
    /// Returns a GET request for the URL, or for a path that is appended to that of the URL.
    package func get(_ path: String = "", headers: [(name: String, value: String)] = []) -> OutboundRequest {
        OutboundRequest(.get, self, path: path, headers: headers)
    }

    /// Returns a POST request for the URL, or for a path that is appended to that of the URL. The type of the body is a header.
    package func post(
        _ path: String = "", headers: [(name: String, value: String)] = [], body: [UInt8]
    ) -> OutboundRequest {
        OutboundRequest(.post, self, path: path, headers: headers, body: body)
    }

    /// The name of the host, as `allowedHosts` has it.
    var host: String { location.host }

    /// Returns the URL with a path appended and without its query, or the URL itself if the path is empty.
    func url(appending path: String) -> String {
        guard !path.isEmpty else { return url }
        let base = String(url.prefixUTF8 { $0 != UInt8(ascii: "?") })
        let trimmed = base.hasUTF8Suffix("/") ? String(base.dropLastUTF8()) : base
        return trimmed + (path.hasUTF8Prefix("/") ? path : "/" + path)
    }
}

/// A setting of a target cannot be used. The raw values are messages; they contain nothing of the setting.
package enum OutboundTargetError: String, Error, Sendable, Hashable {
    case malformedURL = "the URL must be an absolute https or http URL without user, fragment and spaces"
    case plainHTTP = "the URL must use https"
    case badAuthorities = "the CA certificates must be PEM, at most 256 KiB"
    case badClientCertificate = "the client certificate and its key must be PEM and belong together"
    case badServerName = "the server name must be a host name"

    /// The error as a message.
    package var text: String { rawValue }
}
