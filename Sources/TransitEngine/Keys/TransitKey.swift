import EngineKit

/// A named key: its settings and versions as they were at one moment. A change makes a new one.
final class TransitKey: Sendable {
    let name: String
    let settings: KeySettings
    /// In order, without holes.
    let versions: [KeyVersion]

    init(name: String, settings: KeySettings, versions: [KeyVersion]) {
        self.name = name
        self.settings = settings
        self.versions = versions
    }

    var type: KeyType { settings.type }
    var oldest: Int { versions.first?.number ?? 0 }
    var latest: Int { versions.last?.number ?? 0 }

    static let versionsMax = 10_000

    /// nil when it was trimmed or never was.
    func version(_ number: Int) -> KeyVersion? {
        guard number >= oldest, number <= latest else { return nil }
        let index = number - oldest
        return versions.indices.contains(index) ? versions[index] : nil
    }

    /// The versions that may still open and verify.
    var usable: ArraySlice<KeyVersion> { versions.drop { $0.number < settings.minDecryption } }

    enum Use: String { case encryption, signing, hmac = "HMAC" }

    /// The version that makes something new; 0 asks for the newest.
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

    /// The version that made something.
    func version(reading number: Int, what: String) throws(CofferError) -> KeyVersion {
        guard number <= latest else { throw .invalid("invalid \(what): version is too new") }
        guard number >= settings.minDecryption, let version = version(number) else { throw Self.tooOld }
        return version
    }

    static let tooOld = CofferError.invalid("ciphertext or signature version is disallowed by policy (too old)")

    func with(_ change: (inout KeySettings) throws(CofferError) -> Void) throws(CofferError) -> TransitKey {
        var settings = settings
        try change(&settings)
        return TransitKey(name: name, settings: settings, versions: versions)
    }

    func adding(_ version: KeyVersion) throws(CofferError) -> TransitKey {
        guard versions.count < Self.versionsMax, version.number <= KeySettings.versionMax else {
            throw .invalid("the key has too many versions; raise min_decryption_version and trim the old ones")
        }
        return TransitKey(name: name, settings: settings, versions: versions + [version])
    }

    /// When it rotates by itself; nil for never.
    var nextRotation: Timestamp? {
        guard settings.autoRotate > 0, let newest = versions.last else { return nil }
        return newest.created.adding(seconds: settings.autoRotate)
    }
}
