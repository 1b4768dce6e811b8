import EngineKit
import SecretMemory
import Syntax

/// The routes `export`, `byok-export`, `backup` and `restore`.
extension TransitEngine {
    var movingPaths: [EnginePath] {
        [
            export("export/{kind}/{name}"), export("export/{kind}/{name}/{version}"),
            byokExport("byok-export/{destination}/{name}"),
            byokExport("byok-export/{destination}/{name}/{version}"), backup, restore("restore"), restore("restore/{name}"),
        ]
    }

    // MARK: Export

    private static let versionsOnLoopMax = 16

    private func export(_ pattern: PathPattern) -> EnginePath {
        EnginePath(pattern, "Shows the versions of an exportable key.")
            .reading("Export a key.") { [store] request in
                let key = try await store.existing(request.captures["name"])
                guard let kind = ExportType(rawValue: request.captures["kind"]) else {
                    throw CofferError.invalid(
                        "invalid export type: it is encryption-key, signing-key, hmac-key, public-key or certificate-chain")
                }
                guard key.settings.isExportable || kind.isPublic else {
                    throw CofferError.invalid("private key material is not exportable")
                }
                return try await Self.answer(key, version: request.captures["version"]) { version throws(CofferError) in
                    try kind.text(key, version)
                }
            }
    }

    private static func answer(
        _ key: TransitKey, version: String, isSlow: Bool = false,
        text: @escaping @Sendable (KeyVersion) throws(CofferError) -> String
    ) async throws(CofferError) -> Response {
        let versions = Array(try versions(of: key, named: version))
        @Sendable func member(_ index: Int) throws(CofferError) -> JSONObject.Member {
            .init(key: String(versions[index].number), value: .string(try text(versions[index])))
        }
        let keys: [JSONObject.Member]
        if isSlow || versions.count > versionsOnLoopMax {
            keys = try await WorkThreads.shared.map(versions.count, member)
        } else {
            keys = try versions.indices.map(member)
        }
        return .data(["name": .string(key.name), "type": .string(key.type.rawValue), "keys": .object(JSONObject(keys))])
    }

    /// Returns the versions that `name` selects: all usable ones if it is empty, the newest for `latest`, or a single one.
    private static func versions(of key: TransitKey, named name: String) throws(CofferError) -> ArraySlice<KeyVersion> {
        switch name {
        case "": return key.usable
        case "latest": return key.versions.suffix(1)
        default:
            guard let number = Int(name) else { throw .invalid("invalid key version") }
            guard number >= key.settings.minDecryption else {
                throw .invalid("version for export is below minimum decryption version")
            }
            guard let version = key.version(number) else { throw .notFound }
            return [version]
        }
    }

    private func byokExport(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Exports an exportable key, encrypted to the RSA key of another server.",
            fields: [Field("hash", .string, default: "SHA256", "The hash of OAEP.")]
        )
        .reading("Export a key wrapped.") { [store, randomness] request in
            let destination = try await store.existing(request.captures["destination"])
            let key = try await store.existing(request.captures["name"])
            guard key.settings.isExportable else { throw CofferError.invalid("key is not exportable") }
            guard let newest = destination.versions.last, case .rsa(let rsa) = try newest.key else {
                throw CofferError.invalid("the destination must be an RSA key")
            }
            let hash = try KeyWrapping.hash(request.fields.text("hash"))
            return try await Self.answer(key, version: request.captures["version"], isSlow: true) {
                version throws(CofferError) in
                Base64.encode(
                    try KeyWrapping.wrap(try ExportType.importable(version), to: rsa, hash: hash, randomness: randomness))
            }
        }
    }

    // MARK: Backup

    private static let backupMark = Array("coffer-transit-backup/1\0".utf8)

    private var backup: EnginePath {
        EnginePath("backup/{name}", "Exports a key with all its versions in plaintext, if the key allows it.")
            .reading("Back a key up.", changesNothing: false) { [store] request in
                let key = try await store.edit(request.captures["name"]) { old in
                    guard let old else { throw CofferError.notFound }
                    guard old.settings.isExportable else { throw CofferError.invalid("exporting is disallowed on the policy") }
                    guard old.settings.allowsBackup else {
                        throw CofferError.invalid("plaintext backup is disallowed on the policy")
                    }
                    let event = KeySettings.TransferEvent(time: store.time.now().seconds, version: old.latest)
                    return try old.with { settings throws(CofferError) in settings.backedUp = event }
                }
                guard let key else { throw CofferError.notFound }
                var writer = RecordWriter()
                writer.string(Array(key.name.utf8))
                var text = Self.backupMark + writer.bytes + key.encoded()
                defer { zero(&text) }
                return .data(["backup": .string(Base64.encode(text))])
            }
    }

    private func restore(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Restores a key from its backup.",
            fields: [
                Field("backup", .string, required: true, "What backup gave."),
                Field("force", .bool, default: false, "Replaces a key of the same name."),
            ]
        )
        .updatingWithoutAnswer("Restore a key.") { request in
            guard var text = Base64.decode(request.fields.text("backup")) else {
                throw CofferError.invalid("failed to base64-decode backup: the field must be base64")
            }
            defer { zero(&text) }
            let (kept, record) = try Self.opened(text)
            let name = request.captures["name"].isEmpty ? kept : request.captures["name"]
            let key = try await restored(name, record)
            let isForced = request.fields.flag("force")
            try await store.edit(name, overDamaged: isForced) { old in
                guard old == nil || isForced else { throw CofferError.invalid("key \"\(name)\" already exists") }
                let event = KeySettings.TransferEvent(time: store.time.now().seconds, version: key.latest)
                return try key.with { settings throws(CofferError) in settings.restored = event }
            }
        }
    }

    /// Returns the key in a backup. Anybody may have written the backup, so the key must be one that this server could have
    /// created or imported.
    private func restored(_ name: String, _ record: [UInt8]) async throws(CofferError) -> TransitKey {
        let damaged = CofferError.invalid("the backup is damaged")
        let key = try await WorkThreads.shared.run { () throws(CofferError) in
            var record = record
            defer { zero(&record) }
            guard let key = TransitKey(name: name, decoding: record) else { throw damaged }
            return key
        }
        _ = try await WorkThreads.shared.map(key.versions.count) { [making] index throws(CofferError) in
            guard try making.couldHaveMade(key.versions[index], of: key) else { throw damaged }
        }
        return key
    }

    private static func opened(_ text: [UInt8]) throws(CofferError) -> (name: String, record: [UInt8]) {
        guard text.starts(with: backupMark), text.count >= backupMark.count + 4 else {
            throw .invalid("this is not a backup of a key")
        }
        let rest = text[backupMark.count...]
        let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= KeyName.bytesMax, rest.count > 4 + length,
            let name = String(validating: rest.dropFirst(4).prefix(length), as: UTF8.self)
        else { throw .invalid("the backup is damaged") }
        return (name, Array(rest.dropFirst(4 + length)))
    }
}
