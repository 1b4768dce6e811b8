import EngineKit
import Syntax

/// The routes `encrypt`, `decrypt`, `rewrap` and `datakey`.
extension TransitEngine {
    var cipherPaths: [EnginePath] { [encrypt, decrypt, rewrap, dataKey] }

    private static let contextFields = [
        Field("context", .string, "The context in base64, which a key with derived=true needs: each context has a key of its own."),
        Field("nonce", .string, "Refused: nonces are random, or derived by convergent keys."),
        Field("associated_data", .string, "Base64. Authenticated with the ciphertext and needed to open it."),
    ]
    private static let versionField = Field("key_version", .int, "The version to use; 0, or none, for the newest.")

    private var encrypt: EnginePath {
        EnginePath(
            "encrypt/{name}", "Encrypts.",
            fields: [
                Field("plaintext", .string, "Base64."), Self.versionField,
                Field("type", .string, default: "aes256-gcm96", "The type of a key that is made by encrypting with it."),
                Field("convergent_encryption", .bool, "Whether a key that is made so is convergent."),
            ] + Self.contextFields + Batching.fields,
            exists: { [store] request in try await store.key(request.captures["name"]) != nil }
        )
        .updating("Encrypt.", changesNothing: true) { request in
            guard let key = try await store.key(request.captures["name"]) else { throw CreationNeeded() }
            return try await seal(request, key)
        }
        .creating("Make the key, then encrypt.") { request in
            let key = try await upserted(request)
            return try await seal(request, key)
        }
    }

    private func seal(_ request: Request, _ key: TransitKey) async throws -> Response {
        try await Batching.run(request, cost: .encrypting(key.type), ignoring: [Self.versionField.name]) {
            item throws(CofferError) in
            try seal(try item.required("plaintext", else: "missing plaintext to encrypt"), item, under: key)
        }
    }

    /// Returns the result of an item whose plaintext is encrypted with the version that it asks for.
    private func seal(_ plaintext: [UInt8], _ item: OperationInput, under key: TransitKey) throws(CofferError) -> JSONObject {
        let version = try key.version(making: .encryption, requested: try item.number("key_version"))
        let text = try VersionCipher(key, version).seal(plaintext, with: item, randomness: randomness)
        return ["ciphertext": .string(text), "key_version": .int(version.number)]
    }

    private var decrypt: EnginePath {
        EnginePath(
            "decrypt/{name}", "Decrypts.",
            fields: [Field("ciphertext", .string, "What encrypt gave: `vault:v1:…`.")] + Self.contextFields + Batching.fields
        )
        .updating("Decrypt.", changesNothing: true) { request in
            let key = try await key(request)
            return try await Batching.run(request, cost: .privateOperation(key.type)) { item throws(CofferError) in
                ["plaintext": .string(Base64.encode(try open(item, key)))]
            }
        }
    }

    private func open(_ item: OperationInput, _ key: TransitKey) throws(CofferError) -> [UInt8] {
        guard let text = try item.string("ciphertext"), !text.isEmpty else { throw .invalid("missing ciphertext to decrypt") }
        let (number, sealed) = try VersionedText.read(text, "ciphertext")
        let version = try key.version(reading: number, what: "ciphertext")
        return try VersionCipher(key, version).open(sealed, with: item)
    }

    private var rewrap: EnginePath {
        EnginePath(
            "rewrap/{name}", "Encrypts a ciphertext again with the newest version, without showing the plaintext.",
            fields: [Field("ciphertext", .string, "What encrypt gave: `vault:v1:…`."), Self.versionField] + Self.contextFields
                + Batching.fields
        )
        .updating("Rewrap.", changesNothing: true) { request in
            let key = try await key(request)
            let cost = WorkCost.privateOperation(key.type)
            return try await Batching.run(request, cost: cost, ignoring: [Self.versionField.name]) {
                item throws(CofferError) in try seal(try open(item, key), item, under: key)
            }
        }
    }

    private var dataKey: EnginePath {
        EnginePath(
            "datakey/{kind}/{name}", "Makes a random key and gives it encrypted: with the plain key, or without it (`wrapped`).",
            fields: [
                Field("bits", .int, default: 256, "128, 256 or 512."), Self.versionField,
            ] + Self.contextFields
        )
        .updating("Make a data key.", changesNothing: true) { [randomness] request in
            let kind = request.captures["kind"]
            guard kind == "plaintext" || kind == "wrapped" else {
                throw CofferError.invalid("Invalid path, must be 'plaintext' or 'wrapped'")
            }
            let bits = request.fields.number("bits")
            guard [128, 256, 512].contains(bits) else {
                throw CofferError.invalid("invalid bit length")
            }
            let key = try await key(request)
            let version = try key.version(making: .encryption, requested: request.fields.number("key_version"))
            let plain = randomness.bytes(bits / 8)
            let text = try VersionCipher(key, version).seal(
                plain, with: OperationInput(request.fields), randomness: randomness)
            var data: JSONObject = ["ciphertext": .string(text), "key_version": .int(version.number)]
            if kind == "plaintext" { data["plaintext"] = .string(Base64.encode(plain)) }
            return .data(data)
        }
    }

    /// Returns the key that the request names. Creates it if it does not exist, as clients of Vault expect of `encrypt`.
    private func upserted(_ request: Request) async throws -> TransitKey {
        let name = request.captures["name"]
        if let key = try await store.key(name) { return key }
        guard try await store.mountSettings().allowsUpsert else { throw CofferError.invalid("encryption key not found") }
        guard let type = KeyType(rawValue: request.fields.text("type")), type.encrypts else {
            throw CofferError.invalid(KeyType.unknown(among: KeyType.allCases.filter(\.encrypts)))
        }
        var settings = KeySettings(type: type)
        let first =
            request.fields.any("batch_input")?.arrayValue?.first?.objectValue.map { OperationInput($0) }
            ?? OperationInput(request.fields)
        settings.isDerived = try !first.text("context").isEmpty
        settings.isConvergent = request.fields.flag("convergent_encryption")
        try settings.check()
        let made = try await create(name, settings)
        guard let key = made.key else { throw CofferError.notFound }
        return key
    }
}
