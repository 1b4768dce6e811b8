import Hashes
import SecretMemory
import Syntax

extension KeyedHash {
    @inline(__always)
    func appendHex(of bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        withCode(of: bytes) { Hex.append($0, to: &output) }
    }
}

extension SecretBytes {
    var keyedHash: KeyedHash { withBytes { KeyedHash(key: $0) } }
}
