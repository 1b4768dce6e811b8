import EngineKit
import JOSE
import Records
import Syntax

/// Public keys that an operator wrote as PEM, and the texts.
struct PublicKeyList: Sendable, Hashable {
    /// Each with one key, or a certificate with one.
    let texts: [String]
    let keys: KeySet

    static let none = PublicKeyList()
    static let countMax = 32
    static let bytesMax = 256 << 10

    private init() { (texts, keys) = ([], KeySet([])) }

    /// Returns nil if one of the texts is not that of an RSA key of at least 2048 bits, an ECDSA or an Ed25519 key.
    init?(_ texts: [String]) {
        let keys = texts.compactMap { try? VerificationKey(pem: $0) }
        guard keys.count == texts.count else { return nil }
        (self.texts, self.keys) = (texts, KeySet(keys))
    }

    var isEmpty: Bool { texts.isEmpty }

    static func == (left: PublicKeyList, right: PublicKeyList) -> Bool { left.texts == right.texts }
    func hash(into hasher: inout Hasher) { hasher.combine(texts) }
}

extension SettingKind where Value == PublicKeyList {
    /// Public keys as a list of PEM texts.
    ///
    /// - Parameter keepsEmpty: Whether a record has an empty list, which it leaves out otherwise.
    static func publicKeys(keepsEmpty: Bool) -> Self {
        Self(
            .strings, shown: { .strings($0.texts) }, stored: { $0.isEmpty && !keepsEmpty ? nil : .strings($0.texts) },
            read: { $0.texts.flatMap(PublicKeyList.init) },
            take: { sent, name, _ throws(CofferError) in
                let texts = sent.texts ?? []
                guard texts.count <= PublicKeyList.countMax,
                    texts.reduce(0, { $0 + $1.utf8.count }) <= PublicKeyList.bytesMax
                else {
                    throw .invalid(
                        "field '\(name)' may have \(PublicKeyList.countMax) keys at most, of \(PublicKeyList.bytesMax) bytes together"
                    )
                }
                guard let list = PublicKeyList(texts) else {
                    throw .invalid(
                        "field '\(name)' must be a list of PEM texts with one RSA (at least 2048 bits), ECDSA or Ed25519 key or certificate each"
                    )
                }
                return list
            })
    }
}
