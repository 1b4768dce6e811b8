import SecretMemory

/// The seal key of a platform that already gives its services a secret: `VAULT_ENCRYPTION_KEY` with
/// `VAULT_ENCRYPTION_IV`, or `MSA_MASTER_KEY`. Each may also be given as `NAME_FILE`, the path of a file.
///
/// HKDF derives the key-encryption key from the secret. The IV is the salt of HKDF, never a nonce, because two texts
/// under the same GCM nonce reveal each other.
package enum SeedKey {
    static let vaultKey = "VAULT_ENCRYPTION_KEY"
    static let vaultIV = "VAULT_ENCRYPTION_IV"
    static let masterKey = "MSA_MASTER_KEY"

    /// Returns the seal of the configured secrets, or nil if none is set. If both are set, `VAULT_ENCRYPTION_KEY`
    /// encrypts the root key, and `MSA_MASTER_KEY` still decrypts what it encrypted before.
    package static func fromEnvironment(
        lookup: @escaping @Sendable (String) -> String?, readFile: @escaping @Sendable (String) throws -> [UInt8]
    ) throws(SealError) -> StaticSeal? {
        let sources = KeySources(lookup: lookup, readFile: readFile)
        let keys = [
            try key(vaultKey, salt: vaultIV, info: "coffer/seed/vault-encryption-key/v1", sources),
            try key(masterKey, salt: nil, info: "coffer/seed/msa-master-key/v1", sources),
        ].compactMap { $0 }
        guard let current = keys.first else { return nil }
        return StaticSeal(current: current, previous: Array(keys.dropFirst()))
    }

    /// Derives the key of one secret, or returns nil if it is not set.
    private static func key(
        _ name: String, salt: String?, info: String, _ sources: KeySources
    ) throws(SealError) -> WrappingKey? {
        guard var raw = try read(name, sources) else { return nil }
        defer { zero(&raw) }
        let seed: SecretBytes
        do throws(KeyRefusal) {
            seed = try ConfiguredKey.decode(raw)
        } catch {
            throw .refusedKey(source: "env://" + name, error)
        }
        var saltBytes: [UInt8] = []
        if let salt, let raw = try read(salt, sources) {
            guard let decoded = self.salt(raw) else { throw .refusedKey(source: "env://" + salt, .malformedSalt) }
            saltBytes = decoded
        }
        return WrappingKey(
            id: "seed:" + name, key: KeyDerivation.key(from: seed, salt: saltBytes, info: info), source: "env://" + name)
    }

    /// Returns the bytes of a variable or of its file, or nil if it is not set.
    private static func read(_ name: String, _ sources: KeySources) throws(SealError) -> [UInt8]? {
        do throws(KeyRefusal) {
            return try sources.variable(name)
        } catch {
            throw .refusedKey(source: "env://" + name, error)
        }
    }

    /// Decodes an IV: 12 to 64 bytes in hex or base64, or 12 or 16 bytes as they are.
    private static func salt(_ raw: [UInt8]) -> [UInt8]? {
        let line = ConfiguredKey.trimmed(raw)
        let scheme = Array("base64:".utf8)
        let bytes: [UInt8]?
        if line.starts(with: scheme) {
            bytes = ConfiguredKey.base64(line.dropFirst(scheme.count))
        } else if let hex = KeyText.hex(line), hex.count >= 12 {
            bytes = hex
        } else if line.count == 16 || line.count == 12 {
            bytes = Array(line)
        } else {
            bytes = ConfiguredKey.base64(line)
        }
        return bytes.flatMap { (12...64).contains($0.count) ? $0 : nil }
    }
}
