import EngineKit
import Syntax

/// The routes `sign` and `verify`.
extension TransitEngine {
    var signaturePaths: [EnginePath] {
        [sign("sign/{name}"), sign("sign/{name}/{urlalgorithm}"), verify("verify/{name}"), verify("verify/{name}/{urlalgorithm}")]
    }

    private static let fields = [
        Field("input", .string, "Base64."),
        Field("context", .string, "The context in base64, which a key with derived=true needs: each context has a key of its own."),
        algorithmField,
        Field("hash_algorithm", .string, "The hash of the input, or none; the same as `algorithm`."),
        Field("signature_algorithm", .string, "For RSA keys: pss or pkcs1v15."),
        Field("marshaling_algorithm", .string, default: "asn1", "asn1, or jws: base64url, and raw numbers for ECDSA."),
        Field("prehashed", .bool, default: false, "The input is hashed already."),
        Field("salt_length", .string, default: "auto", "For PSS: auto, hash or a number of bytes."),
    ]

    private func sign(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Signatures.",
            fields: Self.fields + [Field("key_version", .int, "The version to use; 0, or none, for the newest.")] + Batching.fields
        )
        .updating("Sign.", changesNothing: true) { [randomness] request in
            let key = try await key(request)
            let scheme = try SignatureScheme(request, key.type)
            let requested = request.fields.number("key_version")
            return try await Batching.run(request, cost: .privateOperation(key.type), failures: .byItem) {
                item throws(CofferError) in
                let asked = try item.int("key_version") ?? requested
                let version = try key.version(making: .signing, requested: asked)
                return try Self.signed(item, key: key, version: version, scheme: scheme, randomness: randomness)
            }
        }
    }

    private static func signed(
        _ item: OperationInput, key: TransitKey, version: KeyVersion, scheme: SignatureScheme, randomness: any Randomness
    ) throws(CofferError) -> JSONObject {
        let input = try scheme.input(try item.required("input", else: "missing input"), key.type)
        let opened = try opened(item, key: key, version: version)
        let signature = try opened.sign(input, isRaw: scheme.isJWS, randomness: randomness)
        var data: JSONObject = [
            "signature": .string(VersionedText.make(version.number, signature, as: scheme.isJWS ? .url : .standard)),
            "key_version": .int(version.number),
        ]
        if key.settings.isDerived, case .ed25519(let derived) = opened {
            data["public_key"] = .string(Base64.encode(derived.publicKey))
        }
        return data
    }

    /// Returns the key of a version, or the key that is derived from it for the context of the input.
    private static func opened(
        _ item: OperationInput, key: TransitKey, version: KeyVersion
    ) throws(CofferError) -> OpenedKey {
        guard key.settings.isDerived else { return try version.key }
        guard let context = try item.bytes("context"), !context.isEmpty else { throw DerivedKey.missingContext }
        return .ed25519(try derived(version, context))
    }

    /// Returns the key that is derived from this version for `context`.
    static func derived(_ version: KeyVersion, _ context: [UInt8]) throws(CofferError) -> Ed25519Key {
        try Ed25519Key(seed: DerivedKey.derive(try version.privateSecret, context: context, count: 32))
    }

    private func verify(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Checks signatures and HMACs.",
            fields: Self.fields + [
                Field("signature", .string, "What sign gave."), Field("hmac", .string, "What hmac gave."),
            ] + Batching.fields
        )
        .updating("Verify.", changesNothing: true) { request in
            let key = try await key(request)
            return try await Batching.run(request, cost: .verifying(key.type), failures: .byItem(members: ["valid": false])) {
                item throws(CofferError) in
                ["valid": .bool(try Self.isValid(item, key: key, request: request))]
            }
        }
    }

    private static func isValid(
        _ item: OperationInput, key: TransitKey, request: Request
    ) throws(CofferError) -> Bool {
        let (signature, hmac) = (try item.text("signature"), try item.text("hmac"))
        switch (signature.isEmpty, hmac.isEmpty) {
        case (true, true): throw .invalid("neither a 'signature' nor an 'hmac' was given to verify")
        case (false, false): throw .invalid("provide one of 'signature' or 'hmac'")
        case (true, false):
            return try isValid(hmac: hmac, of: item, key: key, algorithm: try SignatureScheme.hash(request) ?? .sha256)
        case (false, true): break
        }
        let scheme = try SignatureScheme(request, key.type)
        let input = try scheme.input(try item.required("input", else: "missing input"), key.type)
        let (number, bytes) = try VersionedText.read(signature, "signature", as: scheme.isJWS ? .url : .standard)
        let version = try key.version(reading: number, what: "signature")
        return try opened(item, key: key, version: version).isValid(bytes, input, isRaw: scheme.isJWS)
    }
}
