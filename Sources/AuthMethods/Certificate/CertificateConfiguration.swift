import EngineKit
import Records
import Syntax

/// What holds for all entries of a mount of the certificate method.
struct CertificateConfiguration: Record, Hashable {
    /// Whether a token can be renewed without the certificate of its login.
    var disablesBinding = false
    /// Whether the metadata of a login is kept with the alias of its entity, too.
    var keepsAliasMetadata = false
    /// OCSP answers that are remembered.
    var ocspCacheSize = 100
    /// Vault keeps so many entries in memory. Coffer has a bound of its own.
    var roleCacheSize = 200
}

extension CertificateConfiguration: SettingsRecord {
    static let settings = Settings(
        new: CertificateConfiguration(),
        Setting(
            "disable_binding", \.disablesBinding, as: .flag,
            help: "Whether a token can be renewed without the certificate of its login."),
        Setting(
            "enable_identity_alias_metadata", \.keepsAliasMetadata, as: .flag,
            help: "Whether the metadata of a login is kept with the alias of its entity, too."),
        Setting(
            "ocsp_cache_size", \.ocspCacheSize, as: .count(2...100_000), help: "OCSP answers that are remembered."),
        Setting(
            "role_cache_size", \.roleCacheSize, as: .signed(-1...100_000),
            help: "Accepted for Vault's clients; the entries in memory have a bound of their own."))
}

extension SettingKind where Value == Int {
    /// A whole number that may be negative.
    fileprivate static func signed(_ range: ClosedRange<Int>) -> Self {
        Self(
            .int, shown: { .int($0) }, read: { $0.intValue },
            normalize: { value, name throws(CofferError) in
                guard range.contains(value) else {
                    throw .invalid("field '\(name)' must be between \(range.lowerBound) and \(range.upperBound)")
                }
                return value
            })
    }
}
