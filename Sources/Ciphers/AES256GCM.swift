package import Crypto
package import FoundationEssentials

/// AES-256-GCM with a nonce of 96 bits and a tag of 128 (NIST SP 800-38D), sealed text as `nonce | ciphertext | tag`.
///
/// It takes a nonce, so only constructions that make their own may call it, as ``XAES256GCM`` does with a fresh key for each.
package enum AES256GCM {
    package static let nonceBytes = 12
    package static let tagBytes = 16

    package static func seal(
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

    package static func open(
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
