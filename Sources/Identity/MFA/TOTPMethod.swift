import EngineKit
import OneTimeCodes
import Records
import Syntax

/// A way to prove a login a second time: codes of an authenticator program that follow the time.
struct TOTPMethod: Record, Sendable, Hashable {
    /// The id, a UUID, which is not part of the record.
    var id = ""
    /// A name for people and for `X-Vault-MFA`; empty for none. No two methods have the same.
    var name = ""
    /// Whose codes they are, as authenticator programs show it.
    var issuer = ""
    /// Seconds.
    var period = 30
    /// Bytes of a new secret.
    var keyBytes = 20
    /// Pixels on a side of the QR code of a new secret; 0 for none.
    var pixels = 200
    var algorithm = TOTP.Algorithm.sha1
    var digits = 6
    /// How many periods the program's clock may be ahead or behind.
    var skew = 1
    /// Wrong codes in a row, from one entity, after which no code is accepted for a while.
    var attemptsMax = defaultAttemptsMax

    static let type = "totp"
    static let defaultAttemptsMax = 5

    /// The codes of secrets that are generated now. Secrets keep what they were generated with.
    var codes: TOTP { TOTP(algorithm: algorithm, digits: digits, period: period) }

    /// The method as a requirement names it.
    var required: MFARequirement.Method { .init(type: Self.type, id: id, name: name, usesPasscode: true) }
}

extension TOTPMethod: SettingsRecord {
    static let settings = Settings(
        new: TOTPMethod(),
        Setting(
            "method_name", \.name,
            as: .text { text, name throws(CofferError) in
                // Colons and commas would split `X-Vault-MFA`, and what looks like an id could be taken for another method's.
                let isName = text.utf8.count <= 128 && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x3A && $0 != 0x2C }
                guard isName, !isUUID(text) else {
                    throw .invalid(
                        "field '\(name)' must have at most 128 bytes, without spaces, colons and commas, and not be a UUID")
                }
            }, stored: "name", shown: "name", help: "A name of the method, for people and for the header X-Vault-MFA."),
        Setting(
            "issuer", \.issuer,
            as: .text { text, name throws(CofferError) in
                guard text.utf8.count <= 128, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x3A }) else {
                    throw .invalid("field '\(name)' must have at most 128 bytes, without colons and control characters")
                }
            }, help: "Whose codes they are, as authenticator programs show it."),
        Setting(
            "period", \.period,
            as: .duration { seconds, name throws(CofferError) in
                guard seconds > 0 else { throw .invalid("\(name) must be greater than zero") }
                guard seconds <= 3_600 else { throw .invalid("field '\(name)' must be at most one hour") }
            }, help: "How long a code lasts."),
        Setting("key_size", \.keyBytes, as: .count(16...128), help: "Bytes of a new secret."),
        Setting("qr_size", \.pixels, as: .count(0...1_000), help: "Pixels on a side of the QR code; 0 for none."),
        Setting(
            "algorithm", \.algorithm,
            as: SettingKind(
                .string, shown: { .string($0.rawValue) }, read: { $0.stringValue.flatMap(TOTP.Algorithm.init(rawValue:)) },
                take: { sent, _, _ throws(CofferError) in
                    guard let algorithm = sent.stringValue.flatMap({ TOTP.Algorithm(rawValue: $0.uppercased()) }) else {
                        throw .invalid("unrecognized algorithm")
                    }
                    return algorithm
                }), help: "The hash function: SHA1, SHA256 or SHA512. Many programs know SHA1 only."),
        Setting(
            "digits", \.digits,
            as: .number { value, _ throws(CofferError) in
                guard value == 6 || value == 8 else { throw .invalid("digits can only be 6 or 8") }
            }, help: "Digits of a code: 6 or 8."),
        Setting(
            "skew", \.skew,
            as: .number { value, _ throws(CofferError) in
                guard value == 0 || value == 1 else { throw .invalid("skew must be 0 or 1") }
            }, help: "How many periods the program's clock may be ahead or behind: 0 or 1."),
        Setting(
            "max_validation_attempts", \.attemptsMax,
            as: .number { value, name throws(CofferError) in
                guard value >= 0 else { throw .invalid("\(name) must be greater than zero") }
                guard value <= 100 else { throw .invalid("field '\(name)' must be at most 100") }
            }, help: "Wrong codes in a row after which no code is accepted for a while; 0 for 5."))

    /// Throws unless the method has an issuer.
    func check() throws(CofferError) {
        guard !issuer.isEmpty else { throw .invalid("issuer must be set") }
    }

    /// Whether a text has the form of an id.
    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 36
            && bytes.indices.allSatisfy { index in
                [8, 13, 18, 23].contains(index) ? bytes[index] == 0x2D : bytes[index].asciiLowercased.isLowercaseHexDigit
            }
    }
}
