import Certificates
import EngineKit
import SecretMemory
import Syntax

/// The routes `wrapping_key`, `import`, `import_version`, `csr` and `set-certificate`.
extension TransitEngine {
    var importingPaths: [EnginePath] { [wrappingKeyPath, importing, importingVersion, csr, setCertificate] }

    private var wrappingKeyPath: EnginePath {
        EnginePath("wrapping_key", "Shows the public key that keys are encrypted to for import.")
            // The key is created when it is first asked for.
            .reading("Show the wrapping key.", changesNothing: false) { [wrapping] _ in
                .data(["public_key": .string(PEM.text(try await wrapping.key().publicDER, label: .publicKey))])
            }
    }

    private static let materialFields = [
        Field("ciphertext", .string, "Base64: an AES-256 key encrypted with RSA-OAEP, and the key wrapped with it (AES-KWP)."),
        Field("hash_function", .string, default: "SHA256", "The hash of OAEP: SHA1, SHA224, SHA256, SHA384 or SHA512."),
        Field("public_key", .string, "PEM or base64. Sent instead of the ciphertext for a key whose private part stays elsewhere."),
    ]

    private var importing: EnginePath {
        EnginePath(
            "keys/{name}/import", "Imports a key that was made elsewhere.",
            fields: Self.materialFields + Self.makingFields + [
                Field("allow_rotation", .bool, default: false, "Whether `rotate` may add versions that were made here.")
            ]
        )
        .updatingWithoutAnswer("Import a key.") { [store] request in
            var settings = try Self.settings(request.fields)
            settings.isImported = true
            settings.allowsImportedRotation = request.fields.flag("allow_rotation")
            guard settings.autoRotate == 0 || settings.allowsImportedRotation else {
                throw CofferError.invalid("allow_rotation must be set to true if auto-rotation is enabled")
            }
            let material = try await material(request, settings.type)
            if case .secret(let secret) = material, settings.type == .hmac { settings.size = secret.count }
            try settings.check()
            let (name, final) = (request.captures["name"], settings)
            try await store.edit(name) { old in
                guard old == nil else {
                    throw CofferError.invalid(
                        "the import path cannot be used with an existing key; use import-version to rotate an existing imported key"
                    )
                }
                return TransitKey(
                    name: name, settings: final, versions: [try version(1, type: final.type, material: material)])
            }
        }
    }

    private var importingVersion: EnginePath {
        EnginePath("keys/{name}/import_version", "Imports a new version of an imported key.", fields: Self.materialFields)
            .updatingWithoutAnswer("Import a version.") { [store] request in
                let name = request.captures["name"]
                guard let current = try await store.key(name) else {
                    throw CofferError.invalid("no key found with name \(name); to import a new key, use the import/ endpoint")
                }
                let material = try await material(request, current.type)
                try await store.edit(name) { old in
                    guard let old else { throw CofferError.notFound }
                    guard old.settings.isImported else {
                        throw CofferError.invalid("the import_version endpoint can only be used with an imported key")
                    }
                    guard old.type == current.type else { throw CofferError(.conflict, "the key changed; retry") }
                    return try old.adding(try version(old.latest + 1, type: old.type, material: material))
                }
            }
    }

    private enum Material: Sendable {
        case secret(SecretBytes)
        case publicKey([UInt8])
    }

    private func version(_ number: Int, type: KeyType, material: Material) throws(CofferError) -> KeyVersion {
        switch material {
        case .secret(let secret): try making.version(number, type: type, secret: secret)
        case .publicKey(let key): try making.version(number, type: type, publicKey: key)
        }
    }

    private func material(_ request: Request, _ type: KeyType) async throws -> Material {
        let (ciphertext, publicText) = (request.fields.text("ciphertext"), request.fields.text("public_key"))
        guard ciphertext.isEmpty != publicText.isEmpty else {
            throw CofferError.invalid("exactly one of 'ciphertext' and 'public_key' must be given")
        }
        if !publicText.isEmpty { return .publicKey(try Self.publicKey(publicText, type)) }
        guard let wrapped = Base64.decode(ciphertext) else {
            throw CofferError.invalid("failed to base64-decode ciphertext: the field must be base64")
        }
        let hash = try KeyWrapping.hash(request.fields.text("hash_function"))
        let key = try await wrapping.key()
        return try await WorkThreads.shared.run { () throws(CofferError) in
            .secret(try Self.secret(try KeyWrapping.unwrap(wrapped, with: key, hash), type))
        }
    }

    /// Returns the key in the form that versions keep. Private keys are sent as PKCS #8, PKCS #1 or SEC 1, seeds and
    /// symmetric keys as raw bytes.
    private static func secret(_ given: SecretBytes, _ type: KeyType) throws(CofferError) -> SecretBytes {
        switch type.family {
        case .ecdsa: return try ECDSAKey.scalar(type, secretDER: given)
        case .ed25519:
            let seed: SecretBytes? = given.withBytes { bytes in
                if bytes.count == 32 { return given }
                if bytes.count == 64 { return SecretBytes(bytes.prefix(32)) }
                var der = Array(bytes)
                defer { zero(&der) }
                return (try? PrivateKeyInfo(der: der))?.ed25519Seed.map { SecretBytes($0) }
            }
            guard let seed else {
                throw .invalid("the key must be Ed25519 in PKCS #8, a seed of 32 bytes, or a seed and its public key of 64 bytes")
            }
            return seed
        case .rsa:
            let isWhole = given.withBytes { bytes in
                var der = Array(bytes)
                defer { zero(&der) }
                return DERForm.isWhole(der)
            }
            guard isWhole else { throw .invalid("the key could not be read: it must be one PKCS #8 or PKCS #1 structure in DER") }
            return given
        case .cipher, .hmac, .mlDSA, .kem: return given
        }
    }

    private static func publicKey(_ text: String, _ type: KeyType) throws(CofferError) -> [UInt8] {
        guard type.isAsymmetric else { throw .invalid("a public key can only be imported for an asymmetric key type") }
        let der = PEM.documents(in: text, label: .publicKey)?.first
        if type.family == .rsa || type.family == .ecdsa {
            guard let der, DERForm.isWhole(der) else { throw .invalid("the public key could not be read") }
            return der
        }
        guard let der else {
            guard let raw = Base64.decode(text) else { throw .invalid("the public key could not be read") }
            return raw
        }
        guard let info = try? SubjectPublicKeyInfo(der: der), info.algorithm == type.rawKeyAlgorithm else {
            throw .invalid("the public key could not be read")
        }
        return info.key
    }

    // MARK: Certificates

    private static let certifiedVersion = Field("version", .int, "The version to use; 0, or none, for the newest.")

    private func certified(_ key: TransitKey, _ request: Request) throws(CofferError) -> KeyVersion {
        guard key.type.signs, !key.settings.isDerived else {
            throw .invalid("key type \(key.type.rawValue) does not support certificates")
        }
        return try key.version(making: .signing, requested: request.fields.number("version"))
    }

    private var csr: EnginePath {
        EnginePath(
            "keys/{name}/csr", "Makes a certificate signing request for the key.",
            fields: [
                Self.certifiedVersion, Field("csr", .string, "PEM of a request whose subject and attributes are taken over."),
            ]
        )
        .updating("Make a request.", changesNothing: true) { [store, randomness] request in
            let key = try await store.existing(request.captures["name"])
            let version = try certified(key, request)
            let template = request.fields.string("csr")
            let pem = try await WorkThreads.shared.run { () throws(CofferError) in
                try version.certificateRequest(template: template, randomness: randomness)
            }
            return .data(["name": .string(key.name), "type": .string(key.type.rawValue), "csr": .string(pem)])
        }
    }

    private var setCertificate: EnginePath {
        EnginePath(
            "keys/{name}/set-certificate", "Sets the certificate that was issued for the key.",
            fields: [
                Self.certifiedVersion,
                Field("certificate_chain", .string, required: true, "PEM: the leaf first, then the certificates of its issuers."),
            ]
        )
        .updatingWithoutAnswer("Set the certificate.") { [store] request in
            try await store.edit(request.captures["name"]) { old in
                guard let old else { throw CofferError.notFound }
                let version = try certified(old, request)
                let chain = try version.certificates(inPEM: request.fields.text("certificate_chain"))
                return TransitKey(
                    name: old.name, settings: old.settings,
                    versions: old.versions.map { $0.number == version.number ? $0.certified(by: chain) : $0 })
            }
        }
    }
}
