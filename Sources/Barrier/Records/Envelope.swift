import Ciphers
import EngineKit

/// A sealed record: `magic (4) | format (1) | algorithm (1) | key id (4, big endian) | nonce (24) | ciphertext | tag (16)`.
///
/// A value that is not known here is an error, never a reason to try something else.
enum Envelope {
    /// `CFFR`, format 1, algorithm 1 (XAES-256-GCM).
    static let mark: [UInt8] = [0x43, 0x46, 0x46, 0x52, 1, 1]
    static let headerBytes = 10
    static let overheadBytes = headerBytes + XAES256GCM.overheadBytes

    /// The key that sealed this, or nil when these bytes are no envelope that this version knows.
    static func keyID(of sealed: UnsafeRawBufferPointer) -> UInt32? {
        guard sealed.count >= overheadBytes, sealed[..<mark.count].elementsEqual(mark) else { return nil }
        return UInt32(bigEndian: sealed.loadUnaligned(fromByteOffset: mark.count, as: UInt32.self))
    }

    static func seal(
        _ plaintext: UnsafeRawBufferPointer,
        with cipher: XAES256GCM,
        keyID: UInt32,
        authenticating associated: UnsafeRawBufferPointer,
        randomness: any Randomness
    ) throws(CipherError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(plaintext.count + overheadBytes)
        output.append(contentsOf: mark)
        withUnsafeBytes(of: keyID.bigEndian) { output.append(contentsOf: $0) }
        try withUnsafeTemporaryAllocation(byteCount: XAES256GCM.nonceBytes, alignment: 1) { nonce throws(CipherError) in
            randomness.fill(nonce)
            try cipher.seal(plaintext, nonce: UnsafeRawBufferPointer(nonce), authenticating: associated, into: &output)
        }
        return output
    }

    /// Opens with the one key that the envelope must name.
    static func open(
        _ sealed: UnsafeRawBufferPointer,
        with cipher: XAES256GCM,
        keyID: UInt32,
        authenticating associated: UnsafeRawBufferPointer
    ) throws(CipherError) -> [UInt8] {
        guard Self.keyID(of: sealed) == keyID else { throw .doesNotOpen }
        return try cipher.open(UnsafeRawBufferPointer(rebasing: sealed[headerBytes...]), authenticating: associated)
    }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` that keeps the type of the error.
    func withRawBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}
