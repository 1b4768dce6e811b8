package import EngineKit
import Syntax

/// What a connection test found out. It contains nothing of the credential, and nothing of a provider's answer but the name of an
/// account.
package struct CheckOutcome: Sendable, Hashable {
    /// What is known about the credential.
    package enum Verdict: String, Sendable, CaseIterable {
        /// The provider accepted it.
        case valid
        /// The provider knows it, but it lacks the right for the request of the test.
        case restricted
        /// The provider rejected it.
        case invalid
        /// Nothing: the provider was not asked, or its answer does not tell. A stored state is left as it is.
        case unknown
    }

    /// Why, as a code that never changes.
    package enum Reason: String, Sendable, CaseIterable {
        case accepted
        case missingRight = "missing_right"
        case databaseMissing = "database_missing"
        case rejected
        case revoked
        case expired
        case disabled
        case malformed
        case rateLimited = "rate_limited"
        case notServedHere = "not_served_here"
        case providerError = "provider_error"
        case unexpectedAnswer = "unexpected_answer"
        case redirected
        case answerTooLarge = "answer_too_large"
        case timedOut = "timed_out"
        case unresolved
        case unreachable
        case tlsFailed = "tls_failed"
        case addressNotAllowed = "address_not_allowed"
        case wrongForm = "wrong_form"
        case notSupported = "not_supported"
        case noProbe = "no_probe"
        case noClient = "no_client"
        case turnedOff = "turned_off"
        case busy

        /// The reason as a sentence for people.
        package var text: String {
            switch self {
            case .accepted: "The provider accepted this credential."
            case .missingRight: "The provider knows this credential, which lacks the right for the request of the test."
            case .databaseMissing: "The database server accepted the login, but has no such database."
            case .rejected: "The provider does not accept this credential."
            case .revoked: "The provider says that this credential was revoked."
            case .expired: "The provider says that this credential has expired."
            case .disabled: "The provider says that this credential or its account is disabled."
            case .malformed: "The value is not a secret of this kind."
            case .rateLimited: "The provider is asked too often; test again later."
            case .notServedHere: "The provider does not serve the country of this server."
            case .providerError: "The provider had an error; test again later."
            case .unexpectedAnswer: "The provider's answer does not tell whether the credential works."
            case .redirected: "The provider answered with a redirect, which is not followed."
            case .answerTooLarge: "The provider's answer was too large."
            case .timedOut: "The provider did not answer in time; test again later."
            case .unresolved: "The name of the host could not be resolved."
            case .unreachable: "The host could not be reached; test again later."
            case .tlsFailed: "No TLS connection could be made: the certificate is not valid for the host, or the server has none."
            case .addressNotAllowed:
                "The host has an address that this server does not test; an operator can allow it (connection_test_allowed)."
            case .wrongForm: "The value does not have the form of this provider's credentials, so it was not sent."
            case .notSupported: "The connection string has an option that connection tests do not allow."
            case .noProbe: "Coffer knows no request that tests credentials of this provider."
            case .noClient: "Coffer has no client for this database."
            case .turnedOff: "Tests of databases are switched off (connection_tests)."
            case .busy: "Too many credentials are being tested; try again shortly."
            }
        }
    }

    /// What is known about the credential.
    package var verdict: Verdict
    /// Why.
    package var reason: Reason
    /// The name of the account, as the provider gives it: untrusted text of at most ``accountBytesMax`` bytes, without control
    /// characters. Nil if the provider gives none.
    package var account: String?
    /// The status code of the provider's answer, or nil if there was none.
    package var status: Int?
    /// Whether the connection was not protected from being read or changed on its way.
    package var isUnprotected = false
    /// When the test ended.
    package var checkedAt: Timestamp?

    /// The longest name of an account.
    package static let accountBytesMax = 128

    /// Creates an outcome.
    package init(_ verdict: Verdict, _ reason: Reason, account: String? = nil, status: Int? = nil) {
        self.verdict = verdict
        self.reason = reason
        self.account = account
        self.status = status
    }

    /// Returns the name of an account as it may be shown, or nil if it contains a part of the credential or nothing that can be
    /// shown.
    static func shownAccount(_ name: String, hiding secrets: [String]) -> String? {
        let start = name.prefixUTF8(1_024)
        guard !secrets.contains(where: { !$0.isEmpty && start.containsUTF8($0) }) else { return nil }
        let shown = String(String.UnicodeScalarView(start.unicodeScalars.filter(isShown)))
        let text = shown.trimmingASCIISpace().prefixUTF8(accountBytesMax)
        return text.isEmpty ? nil : String(text)
    }

    /// Whether a character may be shown. Control and format characters could change how the text around them is read.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }
}
