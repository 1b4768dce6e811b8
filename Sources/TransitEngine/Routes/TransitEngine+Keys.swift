import EngineKit
import Records
import Syntax

/// The routes of `keys`: creating, showing, rotating, configuring, trimming and deleting keys.
extension TransitEngine {
    var keyPaths: [EnginePath] { [listing, keyItself, rotate, config, trim] }

    private var listing: EnginePath {
        EnginePath("keys", "Lists keys.", fields: Paging.fields)
            .listing("List keys.") { try .keys(try await store.names(Paging($0.fields))) }
    }

    static let makingFields =
        [Field("type", .string, default: "aes256-gcm96", "The type of the key, such as aes256-gcm96, ed25519 or ml-kem-768.")]
        + KeySettings.settings.newFields("derived", "exportable", "allow_plaintext_backup", "auto_rotate_period")

    private var keyItself: EnginePath {
        EnginePath(
            "keys/{name}", "Makes, shows and deletes a key.",
            fields: Self.makingFields + KeySettings.settings.newFields("convergent_encryption", "key_size") + [
                Field("context", .string, "For reading a key with derived=true: the context, in base64, whose public key is shown.")
            ],
            exists: { [store] request in try await store.key(request.captures["name"]) != nil }
        )
        .reading("Show a key, without its secrets.") { [store] request in
            let context = try OperationInput(request.fields).bytes("context")
            return .data(try await KeyView.data(try await store.existing(request.captures["name"]), context: context))
        }
        .updating("Make a key, or leave it as it is if it exists.", make)
        .deleting("Delete a key that allows it.", delete)
    }

    private func make(_ request: Request) async throws -> Response {
        let fields = request.fields
        let settings = try Self.settings(fields)
        let made = try await create(request.captures["name"], settings)
        guard let key = made.key else { throw CofferError.notFound }
        var response = Response.data(try await KeyView.data(key))
        if !made.isNew { response.warnings.append("key \(key.name) already existed") }
        return response
    }

    /// Returns the settings for a key that is created or imported.
    static func settings(_ fields: Fields) throws(CofferError) -> KeySettings {
        let name = fields.text("type")
        guard let type = KeyType(rawValue: name) else { throw .invalid(KeyType.unknown(among: KeyType.allCases)) }
        var settings = KeySettings(type: type)
        if type == .hmac { settings.size = KeySettings.hmacKeyBytes }
        try settings.update(fields)
        return settings
    }

    /// Returns a key, and creates it if it does not exist.
    func create(_ name: String, _ settings: KeySettings) async throws -> (key: TransitKey?, isNew: Bool) {
        var isNew = false
        let key = try await store.edit(name) { old in
            isNew = old == nil
            if let old { return old }
            return TransitKey(name: name, settings: settings, versions: [try await making.version(1, settings)])
        }
        return (key, isNew)
    }

    private func delete(_ request: Request) async throws {
        let name = request.captures["name"]
        try await store.edit(name) { old in
            guard let old else { throw CofferError.invalid("could not delete key; not found") }
            guard old.settings.allowsDeletion else { throw CofferError.invalid("deletion is not allowed for this key") }
            return nil
        }
    }

    // MARK: Rotating

    private var rotate: EnginePath {
        EnginePath("keys/{name}/rotate", "Adds a version to a key, which then encrypts and signs.")
            .updating("Rotate a key.") { request in
                let key = try await rotated(request.captures["name"]) { _ in true }
                return .data(try await KeyView.data(key))
            }
    }

    /// Adds a version to a key if `isWanted` returns true for its current state, and returns the key.
    @discardableResult
    func rotated(_ name: String, if isWanted: @Sendable (TransitKey) -> Bool) async throws -> TransitKey {
        let key = try await store.edit(name) { old in
            guard let old else { throw CofferError.notFound }
            guard isWanted(old) else { return old }
            guard !old.settings.isImported || old.settings.allowsImportedRotation else {
                throw CofferError.invalid("imported key \(name) does not allow rotation within Vault")
            }
            return try old.adding(try await making.version(old.latest + 1, old.settings))
        }
        guard let key else { throw CofferError.notFound }
        return key
    }

    // MARK: Configuring

    private var config: EnginePath {
        EnginePath(
            "keys/{name}/config", "Configures a key.",
            fields: [
                Field("min_decryption_version", .int, "The oldest version that decrypts and verifies."),
                Field("min_encryption_version", .int, "The oldest version that encrypts and signs, or 0 for any."),
            ] + KeySettings.settings.fields("deletion_allowed", "exportable", "allow_plaintext_backup", "auto_rotate_period")
        )
        .updating("Configure a key.", configure)
    }

    private func configure(_ request: Request) async throws -> Response {
        let fields = request.fields
        var warnings: [String] = []
        let key = try await store.edit(request.captures["name"]) { old in
            warnings = []
            guard let old else {
                throw CofferError.invalid("no existing key named \(request.captures["name"]) could be found")
            }
            return try old.with { settings throws(CofferError) in
                try Self.apply(fields, to: &settings, of: old, warnings: &warnings)
            }
        }
        guard let key else { throw CofferError.notFound }
        var response = Response.data(try await KeyView.data(key))
        response.warnings = warnings
        return response
    }

    private static func apply(
        _ fields: Fields, to settings: inout KeySettings, of key: TransitKey, warnings: inout [String]
    ) throws(CofferError) {
        if var minimum = fields.int("min_decryption_version") {
            guard minimum >= 0 else { throw .invalid("min decryption version cannot be negative") }
            if minimum == 0 {
                minimum = 1
                warnings.append("since Vault 0.3, transit key numbering starts at 1; forcing minimum to 1")
            }
            guard minimum <= key.latest else {
                throw .invalid("cannot set min decryption version of \(minimum), latest key version is \(key.latest)")
            }
            guard minimum >= settings.minAvailable else {
                throw .invalid("min decryption version should not be less then min available version")
            }
            settings.minDecryption = minimum
        }
        if let minimum = fields.int("min_encryption_version") {
            guard minimum >= 0 else { throw .invalid("min encryption version cannot be negative") }
            guard minimum <= key.latest else {
                throw .invalid("cannot set min encryption version of \(minimum), latest key version is \(key.latest)")
            }
            settings.minEncryption = minimum
        }
        guard settings.minEncryption == 0 || settings.minEncryption >= settings.minDecryption else {
            throw .invalid(
                "cannot set min encryption/decryption values; min encryption version of \(settings.minEncryption) must be greater than or equal to min decryption version of \(settings.minDecryption)"
            )
        }
        try settings.update(fields)
    }

    // MARK: Trimming

    private var trim: EnginePath {
        EnginePath(
            "keys/{name}/trim", "Deletes old versions of a key.",
            fields: [Field("min_available_version", .int, "The oldest version to keep.")]
        )
        .updating("Trim a key.", trimmed)
    }

    private func trimmed(_ request: Request) async throws -> Response {
        guard let minimum = request.fields.int("min_available_version") else {
            throw CofferError.invalid("missing min_available_version")
        }
        let key = try await store.edit(request.captures["name"]) { old in
            guard let old else { throw CofferError.invalid("invalid key name") }
            let settings = old.settings
            if minimum < settings.minAvailable {
                throw CofferError.invalid("minimum available version cannot be decremented")
            }
            guard minimum > 0 else { throw CofferError.invalid("minimum available version must be positive") }
            guard settings.minEncryption != 0 else {
                throw CofferError.invalid("minimum available version cannot be set when minimum encryption version is not set")
            }
            guard minimum <= old.latest else {
                throw CofferError.invalid("minimum available version cannot be set to a value greater than the latest version")
            }
            guard minimum <= settings.minEncryption, minimum <= settings.minDecryption else {
                throw CofferError.invalid(
                    "minimum available version cannot be higher than minimum encryption or decryption version")
            }
            var trimmed = settings
            trimmed.minAvailable = minimum
            return TransitKey(name: old.name, settings: trimmed, versions: old.versions.filter { $0.number >= minimum })
        }
        guard let key else { throw CofferError.notFound }
        return .data(try await KeyView.data(key))
    }
}
