import Crypto
import EngineKit
import SecretMemory
import Syntax

/// Encrypts and decrypts batch tokens, which have no record: their text contains their encrypted content.
///
/// The text is `coffer.b.` and the base64url form of a format byte, a salt of 24 bytes, encrypted JSON and a tag of 16
/// bytes. HKDF derives key and nonce from a subkey of the keyring (`token-batch/v1`) and the salt, so that each token has
/// its own pair, and any number of tokens can be made.
struct BatchTokens: Sendable {
    private let key: SymmetricKey

    private static let format: UInt8 = 1
    private static let saltBytes = 24
    private static let tagBytes = 16

    /// Derives the key from the key that names tokens. Neither key is used for the purpose of the other.
    init(tokenKey: SecretBytes) {
        key = tokenKey.withBytes { bytes in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: bytes), info: Array("token-batch/v1".utf8), outputByteCount: 32)
        }
    }

    /// Returns the token of an entry, or nil if it would be too long.
    func seal(_ entry: TokenEntry, randomness: any Randomness) -> String? {
        let salt = randomness.bytes(Self.saltBytes)
        let (key, nonce) = derive(salt)
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.seal(entry.encoded(), using: key, nonce: nonce, authenticating: Self.associated)
        else { return nil }
        let token = TokenFormat.batchPrefix + Base64.encode([Self.format] + salt + box.ciphertext + box.tag, as: .url)
        return token.utf8.count <= TokenFormat.batchBytesMax ? token : nil
    }

    /// Returns the entry in a token, or nil if this server did not create it.
    func open(_ token: String) -> TokenEntry? {
        guard token.hasUTF8Prefix(TokenFormat.batchPrefix), token.utf8.count <= TokenFormat.batchBytesMax,
            let bytes = Base64.decode(token.dropFirstUTF8(TokenFormat.batchPrefix.utf8.count), as: .url, allowing: []),
            bytes.count > 1 + Self.saltBytes + Self.tagBytes, bytes[0] == Self.format
        else { return nil }
        let sealed = bytes.dropFirst(1 + Self.saltBytes)
        let (key, nonce) = derive(Array(bytes[1...Self.saltBytes]))
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed.dropLast(Self.tagBytes), tag: sealed.suffix(Self.tagBytes)),
            let plain = try? AES.GCM.open(box, using: key, authenticating: Self.associated),
            let entry = TokenEntry(id: "", encoded: Array(plain)), entry.type == .batch, entry.expiresAt != nil
        else { return nil }
        return entry
    }

    private func derive(_ salt: [UInt8]) -> (SymmetricKey, [UInt8]) {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: salt, info: Array("coffer batch token/v1".utf8), outputByteCount: 44)
        return derived.withUnsafeBytes { (SymmetricKey(data: $0.prefix(32)), Array($0.suffix(12))) }
    }

    private static let associated = Array(TokenFormat.batchPrefix.utf8) + [format]
}

extension TokenStore {
    /// Returns a batch token, or nil if its content does not fit.
    package func makeBatch(
        parentID: String, displayName: String, policies: [String], path: String, configure: (inout TokenEntry) -> Void
    ) -> (token: String, entry: TokenEntry)? {
        var entry = TokenEntry(
            id: "", accessor: "", policies: policies, displayName: displayName, path: path, createdAt: time.now())
        configure(&entry)
        entry.parentID = parentID
        entry.type = .batch
        entry.isRenewable = false
        guard entry.expiresAt != nil, let token = batchTokens.seal(entry, randomness: randomness) else { return nil }
        return (token, entry)
    }

    /// How far in the future the creation of a token may be, in seconds, because the clocks of nodes differ.
    private static let skewMax = 60

    /// Returns the entry of a batch token, or nil unless it and its parent are valid. A token from the future is refused:
    /// the clock was set back, so that the token's age is not known.
    func authenticateBatch(_ token: String) async throws(StorageError) -> TokenEntry? {
        let now = time.now()
        guard let entry = batchTokens.open(token), entry.isValid(at: now), entry.createdAt <= now.adding(seconds: Self.skewMax)
        else {
            return nil
        }
        guard !entry.isOrphan else { return entry }
        guard let parent = try await find(id: entry.parentID), parent.entry.isValid(at: now),
            try await descends(parent)
        else { return nil }
        return entry
    }
}
