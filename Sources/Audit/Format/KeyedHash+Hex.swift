import Hashes
import SecretMemory
import Syntax

extension KeyedHash {
    /// Appends the HMAC of the bytes in hex.
    @inline(__always)
    func appendHex(of bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        withCode(of: bytes) { Hex.append($0, to: &output) }
    }
}

extension SecretBytes {
    /// A keyed hash with this key.
    var keyedHash: KeyedHash { withBytes { KeyedHash(key: $0) } }
}
