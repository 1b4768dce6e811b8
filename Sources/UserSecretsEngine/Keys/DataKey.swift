import Crypto
import EngineKit
import Syntax

/// One version of an owner's data key, opened.
struct DataKey: Sendable {
    /// The number of the version.
    let version: Int
    private let key: SymmetricKey

    init(version: Int, key: SymmetricKey) {
        self.version = version
        self.key = key
    }

    /// Seals a value with AES-256-GCM: `nonce (12) | ciphertext | tag (16)`, bound to its place.
    func seal(_ value: [UInt8], at place: ValuePlace, randomness: any Randomness) throws(CofferError) -> SealedValue {
        do {
            let box = try AES.GCM.seal(
                value, using: key, nonce: AES.GCM.Nonce(data: randomness.bytes(12)),
                authenticating: place.associatedData(keyVersion: version))
            return SealedValue(keyVersion: version, bytes: Array(box.nonce) + box.ciphertext + box.tag)
        } catch {
            throw CofferError(.internal, "the value could not be sealed")
        }
    }

    /// Opens a value. Returns nil if it was altered, or was sealed for another place.
    func open(_ sealed: SealedValue, at place: ValuePlace) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed.bytes),
            let value = try? AES.GCM.open(box, using: key, authenticating: place.associatedData(keyVersion: version))
        else { return nil }
        return Array(value)
    }

    /// Returns a text that is the same for the same value of the same owner, and says nothing of the value to whoever has no key.
    func fingerprint(of value: [UInt8]) -> String {
        let separate = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("coffer-user-secret-fingerprint/v1".utf8), outputByteCount: 32)
        return Hex.encode(Array(HMAC<SHA256>.authenticationCode(for: value, using: separate).prefix(16)))
    }
}

/// A value as it is stored.
struct SealedValue: Sendable, Hashable {
    /// The version of the owner's data key.
    var keyVersion: Int
    /// `nonce (12) | ciphertext | tag (16)`.
    var bytes: [UInt8]
}

/// Where a value belongs. A value that is put anywhere else does not open.
struct ValuePlace: Sendable {
    let owner: Owner
    let id: SecretID
    /// The version of the value.
    let version: Int
    /// What decides about the use of a current value; nil for an earlier one.
    let terms: UseTerms?

    func associatedData(keyVersion: Int) -> [UInt8] {
        var data: [UInt8] = []
        for text in ["coffer-user-secret/v1", owner.text, id.text, String(version), String(keyVersion)] {
            data.append(lengthAndText: text)
        }
        guard let terms else { return data }
        let expiry = terms.expiresAt.map { String($0.nanoseconds) } ?? ""
        for text in [terms.provider, terms.type, terms.visibility.rawValue, terms.isActive ? "active" : "inactive", expiry] {
            data.append(lengthAndText: text)
        }
        return data
    }
}

/// What decides whether, and as what, a value is used.
struct UseTerms: Sendable, Hashable {
    var provider: String
    var type: String
    var visibility: Visibility
    var isActive: Bool
    var expiresAt: Timestamp?
}

/// Who may read a value.
enum Visibility: String, Sendable, CaseIterable {
    /// Its owner, after asking for it.
    case masked
    /// No person; it can only be used and replaced.
    case restricted
}
