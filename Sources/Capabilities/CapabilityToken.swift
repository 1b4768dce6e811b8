import Crypto
import Hashes
import SecretMemory
import Syntax

/// A token that the holder of another token derives from it without asking the server. It identifies its parent, lists the
/// limits of its use, and is signed by a chain of HMACs, which only the holder of the parent or of this token can extend
/// with further limits.
///
/// The text is `coffer.c.`, followed by the base64url of: version, handle of the parent (32), number of caveats, each
/// caveat after its length (2), signature (32).
package struct CapabilityToken: Sendable {
    /// The beginning of the text.
    package static let prefix = "coffer.c."
    /// The largest length of the text.
    package static let lengthMax = 8_000
    static let formatVersion: UInt8 = 1

    /// The handle of the parent: it identifies the parent token and reveals nothing about it.
    package let handle: [UInt8]
    /// The limits, in the order in which they were added.
    package private(set) var caveats: [Caveat]
    private var signature: [UInt8]

    var signatureBytes: [UInt8] { signature }

    init(handle: [UInt8], caveats: [Caveat], signature: [UInt8]) {
        self.handle = handle
        self.caveats = caveats
        self.signature = signature
    }

    /// Derives a token without limits: it may do what its parent may.
    package init(parent token: String) {
        handle = ParentKeys.handle(of: token)
        caveats = []
        signature = Self.code(ParentKeys.key(of: token), [Self.formatVersion] + handle)
    }

    /// Derives a token with a further limit.
    ///
    /// - Throws: ``CapabilityRefusal/tooManyCaveats`` or ``CapabilityRefusal/badCaveat``.
    package init(narrowing token: CapabilityToken, by caveat: Caveat) throws(CapabilityRefusal) {
        self = token
        guard caveats.count < Caveat.countMax else { throw .tooManyCaveats }
        guard caveat.text.utf8.count <= Caveat.bytesMax, Caveat(text: caveat.text) == caveat else { throw .badCaveat }
        signature = Self.code(signature, Array(caveat.text.utf8))
        caveats.append(caveat)
    }

    /// Whether the token was derived from the parent with this key. Takes constant time.
    package func isSigned(by parentKey: [UInt8]) -> Bool {
        var code = Self.code(parentKey, [Self.formatVersion] + handle)
        for caveat in caveats { code = Self.code(code, Array(caveat.text.utf8)) }
        return constantTimeEqual(code, signature)
    }

    /// Names for the tokens that this one was derived from, one for each caveat: 16 hexadecimal digits, which reveal
    /// nothing about the signatures. Uses are counted under these names.
    package var prefixNames: [String] {
        var hash = SHA256()
        return caveats.map { caveat in
            let name = Hex.encode(hash.finalize().prefix(8))
            let text = Array(caveat.text.utf8)
            hash.update(data: [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text)
            return name
        }
    }

    private static func code(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}

/// Why a token cannot be read or derived.
package enum CapabilityRefusal: String, Error, Sendable {
    case malformed = "this is not a capability token"
    case tooManyCaveats = "the token has 16 limits already, which is the most that it may have"
    case badCaveat = "the limit is empty, too long, or has an unknown name"
}

/// Identifies a parent token and verifies the capability tokens derived from it. Both values are computed from the token
/// alone, so its holder needs nothing else.
package enum ParentKeys {
    /// Returns 32 bytes that identify a token. Neither the token nor its key can be computed from them.
    package static func handle(of token: String) -> [UInt8] {
        var token = token
        return Array(unsafeUninitializedCapacity: StartedHash.bytes) { handle, count in
            token.withUTF8 {
                labelled.write(finishedWith: UnsafeRawBufferPointer($0), to: UnsafeMutableRawBufferPointer(handle))
            }
            count = StartedHash.bytes
        }
    }

    /// The hash of the label, which is computed once because every request hashes its token.
    private static let labelled = Array("coffer/capability-handle/v1\0".utf8).withUnsafeBytes { StartedHash($0) }

    /// Returns the 32-byte key that signs the capability tokens derived from a token. Keep it as secret as the token.
    package static func key(of token: String) -> [UInt8] {
        let label = Array("coffer/capability-key/v1".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: label, using: SymmetricKey(data: Array(token.utf8))))
    }
}
