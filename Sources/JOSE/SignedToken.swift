import Syntax

/// A JWS in compact form (RFC 7515, 3.1) that was read and not verified yet.
///
/// Reading is strict, because a token that two programs read in two ways may be accepted by one for what the other refused: three
/// parts of base64url without padding, a header that is a JSON object without duplicate members, and an algorithm that is known.
/// Keys in the header (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
package struct SignedToken: Sendable {
    /// The most bytes that a token may have.
    package static let bytesMax = 64 << 10
    /// The longest identifier of a key, in bytes.
    package static let keyIDBytesMax = 512

    /// The algorithm that the header names.
    package let algorithm: SignatureAlgorithm
    /// The identifier of the key, or nil if the header has none.
    package let keyID: String?
    /// The bytes that were signed beside the header.
    package let payload: [UInt8]
    /// What the signature is of: the first two parts with the dot in between.
    let signed: [UInt8]
    let signature: [UInt8]

    private static let headerLimits = JSONLimits(depthMax: 8, nodesMax: 256)

    /// Reads a token.
    ///
    /// - Parameter bytesMax: The most bytes that it may have.
    /// - Throws: ``JOSEError`` if it is not a compact JWS, or asks for something that is not supported.
    package init(_ text: String, bytesMax: Int = SignedToken.bytesMax) throws(JOSEError) {
        guard text.utf8.count <= bytesMax else { throw .tooLarge }
        let parts = text.splitUTF8(at: ".", maxSplits: 4, omittingEmpty: false)
        guard parts.count == 3 else { throw .notCompact }
        guard let header = Self.decoded(parts[0]), let payload = Self.decoded(parts[1]), let signature = Self.decoded(parts[2])
        else { throw .notBase64 }
        guard let members = (try? JSON(parsing: header, limits: Self.headerLimits))?.objectValue else { throw .badHeader }
        // No extension is understood, so a header that lists one must be refused (RFC 7515, 4.1.11), and so must a payload that
        // is not encoded (RFC 7797), which programs that do not know the member would verify as something else.
        guard members["crit"] == nil, members["b64"].map({ $0 == true }) ?? true else { throw .criticalHeader }
        guard let name = members["alg"]?.stringValue else { throw .badHeader }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw .unknownAlgorithm }
        if let id = members["kid"] {
            guard let text = id.stringValue, text.utf8.count <= Self.keyIDBytesMax else { throw .badHeader }
            keyID = text.isEmpty ? nil : text
        } else {
            keyID = nil
        }
        self.algorithm = algorithm
        self.payload = payload
        self.signature = signature
        signed = Array(parts[0].utf8) + [UInt8(ascii: ".")] + Array(parts[1].utf8)
    }

    private static func decoded(_ part: Substring) -> [UInt8]? {
        guard let bytes = Base64.decode(part, as: .url, allowing: []), !bytes.isEmpty else { return nil }
        return bytes
    }
}
