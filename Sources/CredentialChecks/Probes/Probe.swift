package import Outbound
import Syntax

/// A request that shows whether a credential works, and what its answers mean.
package struct Probe: Sendable {
    /// Where the credential is put. It is never put into a query, which servers and proxies log.
    package enum Placement: Sendable, Hashable {
        /// `Authorization: Bearer`.
        case bearer
        /// A header whose value it is.
        case header(String)
        /// A header whose value has the credential in place of `{token}`.
        case template(String, String)
        /// `Authorization: Basic`, of a value of two fields: an account and a secret. With three, the second is the user. The
        /// account is also put into the path in place of `{account}`, and has a length.
        case basic(account: ClosedRange<Int>)
        /// The path of the URL, in place of `{value}`, where the provider has no other way. The URL is never logged.
        case path
        /// The credential is itself the URL, on one of some hosts.
        case url(hosts: [String])
        /// AWS signature version 4, of a value of two fields: an id and a secret; a third is the session token.
        case signature(region: String, service: String)
    }

    /// A header of the request.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        /// Creates a header.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package let method: OutboundRequest.Method
    package let url: String
    package let placement: Placement
    /// The kinds of secret that it tests.
    let types: [SecretType]
    /// How values begin that it tests.
    let prefix: String
    let headers: [Header]
    let body: String
    let rules: [AnswerRule]
    /// Whether the usual meaning of status codes applies where no rule fits.
    let hasUsualRules: Bool
    /// The path of the account's name in the answer; empty for none.
    let account: [String]
    /// The hosts that may be called; nil for the one of the URL.
    let allowedHosts: [String]?

    /// Creates a probe.
    package init(
        _ method: OutboundRequest.Method, _ url: String, by placement: Placement, types: [SecretType] = [.apiKey],
        prefix: String = "", headers: [Header] = [], body: String = "", rules: [AnswerRule], hasUsualRules: Bool = true,
        account: [String] = [], allowedHosts: [String]? = nil
    ) {
        self.method = method
        self.url = url
        self.placement = placement
        self.types = types
        self.prefix = prefix
        self.headers = headers
        self.body = body
        self.rules = rules
        self.hasUsualRules = hasUsualRules
        self.account = account
        self.allowedHosts = allowedHosts
    }
}

typealias Header = Probe.Header
