// The envelope is nobody's business outside its room, and its parser is just what must be fuzzed.
@testable import Barrier
import Ciphers
import EngineKit
import SecretMemory

private let cipher = try! XAES256GCM(key: SecretBytes(Array(repeating: 9 as UInt8, count: 32)))  // 32 bytes are a key
private let associated: [UInt8] = [1, 2, 3]

/// No bytes open that the key did not seal; and what was sealed opens only unchanged.
func fuzzEnvelope(_ bytes: UnsafeRawBufferPointer) {
    let opened = associated.withUnsafeBytes { place in
        try? Envelope.open(bytes, with: cipher, keyID: Envelope.keyID(of: bytes) ?? 1, authenticating: place)
    }
    precondition(opened == nil, "a forged record opened")
    guard bytes.count <= 512, let first = bytes.first else { return }
    associated.withUnsafeBytes { place in
        guard var sealed = try? Envelope.seal(bytes, with: cipher, keyID: 1, authenticating: place, randomness: SystemRandomness())
        else { preconditionFailure("sealing failed") }
        let whole = sealed.withUnsafeBytes { try? Envelope.open($0, with: cipher, keyID: 1, authenticating: place) }
        precondition(whole == Array(bytes), "a record did not open")
        sealed[Int(first) % sealed.count] ^= 0x10
        let damaged = sealed.withUnsafeBytes { try? Envelope.open($0, with: cipher, keyID: 1, authenticating: place) }
        precondition(damaged == nil, "a changed record opened")
    }
}
