import EngineKit
import Records
import Syntax

/// A key as `keys/:name` shows it: never its secrets.
struct KeyView: Sendable {
    let key: TransitKey
    /// The context whose public keys are shown if the key is a derived one.
    let context: [UInt8]?

    /// A key with more versions is not described on the event loop.
    private static let versionsOnLoopMax = 64

    static func data(_ key: TransitKey, context: [UInt8]? = nil) async throws(CofferError) -> JSONObject {
        let view = KeyView(key, context: context)
        guard key.versions.count > versionsOnLoopMax else { return try view.data }
        return try await WorkThreads.shared.run { () throws(CofferError) in try view.data }
    }

    private init(_ key: TransitKey, context: [UInt8]? = nil) {
        self.key = key
        self.context = context
    }

    private var data: JSONObject {
        get throws(CofferError) {
            let settings = key.settings
            let identity: JSONObject = ["name": .string(key.name), "type": .string(key.type.rawValue)]
            let state: JSONObject = [
                "imported_key": .bool(settings.isImported), "latest_version": .int(key.latest),
                "min_available_version": .int(settings.minAvailable),
                "min_decryption_version": .int(settings.minDecryption),
                "min_encryption_version": .int(settings.minEncryption),
                "supports_encryption": .bool(key.type.encrypts), "supports_decryption": .bool(key.type.encrypts),
                "supports_signing": .bool(key.type.signs), "supports_derivation": .bool(key.type.derives),
            ]
            var data = JSONObject(identity.members + settings.shown.members + state.members)
            if settings.size > 0 { data["key_size"] = .int(settings.size) }
            if settings.isImported { data["imported_key_allow_rotation"] = .bool(settings.allowsImportedRotation) }
            if settings.isDerived {
                data["kdf"] = "hkdf_sha256"
                data["convergent_encryption"] = .bool(settings.isConvergent)
                if settings.isConvergent { data["convergent_encryption_version"] = 3 }
            }
            if let event = settings.backedUp { data["backup_info"] = Self.shown(event) }
            if let event = settings.restored { data["restore_info"] = Self.shown(event) }
            data["keys"] = .object(try versions)
            return data
        }
    }

    private var versions: JSONObject {
        get throws(CofferError) {
            var members: [JSONObject.Member] = []
            for version in key.usable { members.append(.init(key: String(version.number), value: try shown(version))) }
            return JSONObject(members)
        }
    }

    private func shown(_ version: KeyVersion) throws(CofferError) -> JSON {
        guard key.type.isAsymmetric else { return .int(version.created.seconds) }
        var shown: JSONObject = [
            "name": .string(key.type.shownName), "public_key": .string(try publicKey(version)),
            "creation_time": .string(version.created.description), "certificate_chain": "",
        ]
        if !version.certificates.isEmpty { shown["certificate_chain"] = .string(ExportType.chainText(version)) }
        return .object(shown)
    }

    /// Returns the public key of a version, or of a derived key that of the context. It is empty without a context.
    private func publicKey(_ version: KeyVersion) throws(CofferError) -> String {
        guard key.settings.isDerived else { return ExportType.publicText(version) }
        guard let context, !context.isEmpty else { return "" }
        return Base64.encode(try TransitEngine.derived(version, context).publicKey)
    }

    private static func shown(_ event: KeySettings.TransferEvent) -> JSON {
        ["time": .string(Timestamp(seconds: event.time).description), "version": .int(event.version)]
    }
}
