import Ciphers
import EngineKit

/// The stored form of an encrypted value: `magic (4) | format (1) | algorithm (1) | key id (4, big-endian) | nonce (24)
/// | ciphertext | tag (16)`.
///
/// An unknown format or algorithm is an error. No other one is tried.
enum Envelope {
    /// The first six bytes: `CFFR`, format 1, algorithm 1 (XAES-256-GCM).
    static let mark: [UInt8] = [0x43, 0x46, 0x46, 0x52, 1, 1]
    /// The bytes before the nonce.
    static let headerBytes = 10
    /// How much longer an envelope is than its plaintext.
    static let overheadBytes = headerBytes + XAES256GCM.overheadBytes

    /// Returns the number of the key that encrypted `sealed`, or nil if the bytes are not an envelope of this format.
    static func keyID(of sealed: UnsafeRawBufferPointer) -> UInt32? {
        guard sealed.count >= overheadBytes, sealed[..<mark.count].elementsEqual(mark) else { return nil }
        return UInt32(bigEndian: sealed.loadUnaligned(fromByteOffset: mark.count, as: UInt32.self))
    }

    /// Encrypts `plaintext` under a random nonce and returns the envelope.
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

    /// Decrypts an envelope. Throws ``CipherError/doesNotOpen`` if it names another key than `keyID`, or if it was
    /// changed.
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
    /// Calls `body` with the bytes, as `withUnsafeBytes` does, and keeps the type of the error.
    func withRawBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}
