import EngineKit
import SecretMemory

/// The record of a key, and the content of a backup. See docs/formats/transit.md.
extension TransitKey {
    private static let format: UInt8 = 1
    private static let flags: [any WritableKeyPath<KeySettings, Bool> & Sendable] = [
        \.isDerived, \.isConvergent, \.isExportable, \.allowsBackup, \.allowsDeletion, \.isImported, \.allowsImportedRotation,
    ]

    /// Returns the record. The caller has to wipe it.
    func encoded() -> [UInt8] {
        var writer = RecordWriter()
        writer.reserve(256 + versions.reduce(0) { $0 + 128 + ($1.secret?.count ?? 0) + $1.publicKey.count })
        writer.byte(Self.format)
        writer.byte(type.code)
        writer.byte(Self.flags.enumerated().reduce(0) { $0 | (settings[keyPath: $1.element] ? 1 << UInt8($1.offset) : 0) })
        for value in [settings.minDecryption, settings.minEncryption, settings.minAvailable, settings.autoRotate, settings.size] {
            writer.number(value)
        }
        for event in [settings.backedUp, settings.restored] {
            writer.number(event?.time ?? 0)
            writer.number(event?.version ?? 0)
        }
        writer.short(versions.count)
        for version in versions {
            writer.number(version.number)
            writer.number(Int(version.created.nanoseconds))
            writer.byte(version.secret == nil ? 0 : 1)
            version.secret?.withBytes { writer.string($0) }
            writer.string(version.publicKey)
            version.hmacKey.withBytes { writer.string($0) }
            writer.short(version.certificates.count)
            for certificate in version.certificates { writer.string(certificate) }
        }
        return writer.bytes
    }

    /// Reads a record, or returns nil if ``encoded()`` cannot have written it.
    convenience init?(name: String, decoding record: [UInt8]) {
        let decoded = record.withUnsafeBytes { bytes in
            var reader = RecordReader(bytes)
            return Self.read(&reader)
        }
        guard let decoded else { return nil }
        self.init(name: name, settings: decoded.0, versions: decoded.1)
    }

    private static func read(_ reader: inout RecordReader) -> (KeySettings, [KeyVersion])? {
        guard reader.byte() == format, let type = reader.byte().flatMap(KeyType.init(code:)), let bits = reader.byte(),
            bits >> UInt8(flags.count) == 0, let minDecryption = reader.number(), let minEncryption = reader.number(),
            let minAvailable = reader.number(),
            let autoRotate = reader.number(), let size = reader.number()
        else { return nil }
        var settings = KeySettings(type: type)
        for (index, flag) in flags.enumerated() { settings[keyPath: flag] = bits >> UInt8(index) & 1 == 1 }
        settings.minDecryption = minDecryption
        settings.minEncryption = minEncryption
        settings.minAvailable = minAvailable
        settings.autoRotate = autoRotate
        settings.size = size
        for event in [\KeySettings.backedUp, \KeySettings.restored] {
            guard let time = reader.number(), let version = reader.number() else { return nil }
            settings[keyPath: event] = time == 0 && version == 0 ? nil : .init(time: time, version: version)
        }
        guard let count = reader.short(), (1...versionsMax).contains(count) else { return nil }
        var versions: [KeyVersion] = []
        for _ in 0..<count {
            guard let version = version(&reader, type), follows(version, versions.last) else { return nil }
            versions.append(version)
        }
        guard reader.isAtEnd, let oldest = versions.first, let latest = versions.last,
            settings.isPossible(oldest: oldest.number, latest: latest.number)
        else { return nil }
        return (settings, versions)
    }

    /// Whether a version can follow another. The numbers may be forged, so they are checked before they are used in
    /// additions.
    private static func follows(_ version: KeyVersion, _ previous: KeyVersion?) -> Bool {
        (1...KeySettings.versionMax).contains(version.number)
            && KeySettings.times.contains(version.created.seconds)
            && (previous.map { version.number == $0.number + 1 } ?? true)
    }

    private static func version(_ reader: inout RecordReader, _ type: KeyType) -> KeyVersion? {
        guard let number = reader.number(), let created = reader.number(), let hasSecret = reader.byte(), hasSecret <= 1 else {
            return nil
        }
        var secret: SecretBytes?
        if hasSecret == 1 {
            guard let bytes = reader.string() else { return nil }
            secret = SecretBytes(bytes)
        }
        guard let publicKey = reader.string(), let hmacKey = reader.string(), let count = reader.short(), count <= 32 else {
            return nil
        }
        var certificates: [[UInt8]] = []
        for _ in 0..<count {
            guard let certificate = reader.string() else { return nil }
            certificates.append(Array(certificate))
        }
        return KeyVersion(
            number: number, created: Timestamp(nanoseconds: Int64(created)), type: type, secret: secret,
            publicKey: Array(publicKey), hmacKey: SecretBytes(hmacKey), certificates: certificates)
    }
}
