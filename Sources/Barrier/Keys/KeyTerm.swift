import Ciphers
import EngineKit
import SecretMemory
import Synchronization

/// One key of the keyring: records name it by its number.
final class KeyTerm: Sendable {
    let number: UInt32
    let created: Timestamp
    let key: SecretBytes
    let cipher: XAES256GCM
    /// Records sealed with this key. An estimate: what was counted since the keyring was last stored is lost in a crash.
    let encryptions: Atomic<UInt64>

    init(number: UInt32, created: Timestamp, key: SecretBytes, encryptions: UInt64 = 0) throws(CipherError) {
        self.number = number
        self.created = created
        self.key = key
        self.cipher = try XAES256GCM(key: key)
        self.encryptions = Atomic(encryptions)
    }
}
