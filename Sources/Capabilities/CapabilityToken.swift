import Crypto
import Hashes
import SecretMemory
import Syntax

/// A token made from another one by whoever holds it, without asking anybody: it names its parent, lists what it gives up,
/// and is signed by a chain of HMACs that only the parent's holder, or this token's, can continue.
///
/// `coffer.c.` and base64url of: version, parent's handle (32), number of caveats, each with its length (2), signature (32).
package struct CapabilityToken: Sendable {
    package static let prefix = "coffer.c."
    package static let lengthMax = 8_000
    static let formatVersion: UInt8 = 1

    /// Names the parent without telling anything about it.
    package let handle: [UInt8]
    package private(set) var caveats: [Caveat]
    private var signature: [UInt8]

    var signatureBytes: [UInt8] { signature }

    init(handle: [UInt8], caveats: [Caveat], signature: [UInt8]) {
        self.handle = handle
        self.caveats = caveats
        self.signature = signature
    }

    /// Without a caveat yet: it may do what its parent may.
    package init(parent token: String) {
        handle = ParentKeys.handle(of: token)
        caveats = []
        signature = Self.code(ParentKeys.key(of: token), [Self.formatVersion] + handle)
    }

    package init(narrowing token: CapabilityToken, by caveat: Caveat) throws(CapabilityRefusal) {
        self = token
        guard caveats.count < Caveat.countMax else { throw .tooManyCaveats }
        guard caveat.text.utf8.count <= Caveat.bytesMax, Caveat(text: caveat.text) == caveat else { throw .badCaveat }
        signature = Self.code(signature, Array(caveat.text.utf8))
        caveats.append(caveat)
    }

    /// Whether the holder of the parent, whose key this is, made it. In constant time.
    package func isSigned(by parentKey: [UInt8]) -> Bool {
        var code = Self.code(parentKey, [Self.formatVersion] + handle)
        for caveat in caveats { code = Self.code(code, Array(caveat.text.utf8)) }
        return constantTimeEqual(code, signature)
    }

    /// For each caveat, a name of the chain before it: 16 hexadecimal digits that tell nothing of the signatures.
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

package enum CapabilityRefusal: String, Error, Sendable {
    case malformed = "this is no capability token"
    case tooManyCaveats = "the token was narrowed 16 times already"
    case badCaveat = "the limit is not acceptable: too long, empty, or with a name that is not known"
}

/// What a parent is found and its capabilities are checked by. Both come from the token alone, so its holder needs nothing else.
package enum ParentKeys {
    /// 32 bytes that name a token; nobody can tell the token, or its key, from them.
    package static func handle(of token: String) -> [UInt8] {
        var token = token
        return Array(unsafeUninitializedCapacity: StartedHash.bytes) { handle, count in
            token.withUTF8 {
                labelled.write(finishedWith: UnsafeRawBufferPointer($0), to: UnsafeMutableRawBufferPointer(handle))
            }
            count = StartedHash.bytes
        }
    }

    /// Every request hashes its token, so the label is hashed once.
    private static let labelled = Array("coffer/capability-handle/v1\0".utf8).withUnsafeBytes { StartedHash($0) }

    /// 32 bytes that capabilities of the token are signed with. Kept sealed, like the token's entry.
    package static func key(of token: String) -> [UInt8] {
        let label = Array("coffer/capability-key/v1".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: label, using: SymmetricKey(data: Array(token.utf8))))
    }
}
