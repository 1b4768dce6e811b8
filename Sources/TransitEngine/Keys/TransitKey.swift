import EngineKit

/// A named key with its settings and versions. It is immutable; a change creates a new value.
final class TransitKey: Sendable {
    let name: String
    let settings: KeySettings
    /// In ascending order of their numbers, which have no gaps.
    let versions: [KeyVersion]

    init(name: String, settings: KeySettings, versions: [KeyVersion]) {
        self.name = name
        self.settings = settings
        self.versions = versions
    }

    var type: KeyType { settings.type }
    /// The number of the oldest version that was not trimmed.
    var oldest: Int { versions.first?.number ?? 0 }
    /// The number of the newest version.
    var latest: Int { versions.last?.number ?? 0 }

    static let versionsMax = 10_000

    /// Returns a version, or nil if it was trimmed or never made.
    func version(_ number: Int) -> KeyVersion? {
        guard number >= oldest, number <= latest else { return nil }
        let index = number - oldest
        return versions.indices.contains(index) ? versions[index] : nil
    }

    /// The versions that may decrypt and verify, in ascending order.
    var usable: ArraySlice<KeyVersion> { versions.drop { $0.number < settings.minDecryption } }

    /// What a version is used to create. The raw value is part of error messages.
    enum Use: String { case encryption, signing, hmac = "HMAC" }

    /// Returns the version that a caller asked for to create something new. 0 asks for the newest.
    func version(making use: Use, requested: Int) throws(CofferError) -> KeyVersion {
        let name = use.rawValue
        switch requested {
        case 0:
            guard let newest = versions.last else { throw .notFound }
            return newest
        case ..<0: throw .invalid("requested version for \(name) is negative")
        default: break
        }
        guard requested <= latest else { throw .invalid("requested version for \(name) is higher than the latest key version") }
        guard requested >= settings.minEncryption else {
            throw .invalid("requested version for \(name) is less than the minimum encryption key version")
        }
        guard requested >= settings.minDecryption, let version = version(requested) else { throw Self.tooOld }
        return version
    }

    /// Returns the version that something was created with.
    ///
    /// - Parameter what: What was created, for error messages: `ciphertext`, `signature` or `HMAC`.
    func version(reading number: Int, what: String) throws(CofferError) -> KeyVersion {
        guard number <= latest else { throw .invalid("invalid \(what): version is too new") }
        guard number >= settings.minDecryption, let version = version(number) else { throw Self.tooOld }
        return version
    }

    static let tooOld = CofferError.invalid("ciphertext or signature version is disallowed by policy (too old)")

    /// Returns the key with changed settings.
    func with(_ change: (inout KeySettings) throws(CofferError) -> Void) throws(CofferError) -> TransitKey {
        var settings = settings
        try change(&settings)
        return TransitKey(name: name, settings: settings, versions: versions)
    }

    /// Returns the key with `version` as its newest.
    func adding(_ version: KeyVersion) throws(CofferError) -> TransitKey {
        guard versions.count < Self.versionsMax, version.number <= KeySettings.versionMax else {
            throw .invalid("the key has too many versions; raise min_decryption_version and trim the old ones")
        }
        return TransitKey(name: name, settings: settings, versions: versions + [version])
    }

    /// When automatic rotation is due, or nil if it is off.
    var nextRotation: Timestamp? {
        guard settings.autoRotate > 0, let newest = versions.last else { return nil }
        return newest.created.adding(seconds: settings.autoRotate)
    }
}
