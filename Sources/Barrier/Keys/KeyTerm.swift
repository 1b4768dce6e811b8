import Ciphers
import EngineKit
import SecretMemory
import Synchronization

/// One encryption key of the keyring. Each record names the term that encrypted it.
final class KeyTerm: Sendable {
    /// The number of the term, from 1; later terms have greater numbers.
    let number: UInt32
    let created: Timestamp
    let key: SecretBytes
    let cipher: XAES256GCM
    /// How many values were encrypted with this key. An estimate: what was counted since the keyring was last stored is
    /// lost in a crash.
    let encryptions: Atomic<UInt64>

    init(number: UInt32, created: Timestamp, key: SecretBytes, encryptions: UInt64 = 0) throws(CipherError) {
        self.number = number
        self.created = created
        self.key = key
        self.cipher = try XAES256GCM(key: key)
        self.encryptions = Atomic(encryptions)
    }
}
