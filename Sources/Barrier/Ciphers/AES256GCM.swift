import Crypto
import FoundationEssentials

/// AES-256-GCM with a nonce of 96 bits and a tag of 128 (NIST SP 800-38D), sealed text as `nonce | ciphertext | tag`.
///
/// The only caller that picks nonces is ``XAES256GCM``, with a fresh key for each.
enum AES256GCM {
    static let nonceBytes = 12
    static let tagBytes = 16

    static func seal(
        _ plaintext: UnsafeRawBufferPointer,
        key: SymmetricKey,
        nonce: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer
    ) throws(CipherError) -> Data {
        guard key.bitCount == 256, nonce.count == nonceBytes else { throw .invalidParameter }
        do {
            let box = try AES.GCM.seal(plaintext, using: key, nonce: .init(data: nonce), authenticating: associated)
            guard let combined = box.combined else { throw CipherError.invalidParameter }
            return combined
        } catch {
            throw .invalidParameter
        }
    }

    static func open(
        _ sealed: UnsafeRawBufferPointer,
        key: SymmetricKey,
        authenticating associated: UnsafeRawBufferPointer
    ) throws(CipherError) -> [UInt8] {
        guard key.bitCount == 256 else { throw .invalidParameter }
        guard sealed.count >= nonceBytes + tagBytes, let base = sealed.baseAddress else { throw .doesNotOpen }
        var opened: Data
        do {
            // Only read, and gone before `sealed` is.
            let borrowed = Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: sealed.count, deallocator: .none)
            opened = try AES.GCM.open(.init(combined: borrowed), using: key, authenticating: associated)
        } catch {
            throw .doesNotOpen
        }
        let plaintext = [UInt8](opened)
        // The copy that stays behind would outlive the sealing of the server.
        opened.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
        return plaintext
    }
}
