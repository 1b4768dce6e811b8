import EngineKit
import Syntax

/// The text `vault:v1:…` that `encrypt`, `sign` and `hmac` return: bytes in base64, with the number of the version that
/// created them.
enum VersionedText {
    private static let prefix = "vault:v"

    /// Returns the text.
    static func make(_ version: Int, _ bytes: [UInt8], as alphabet: Base64.Alphabet = .standard) -> String {
        let number = String(version)
        var text: [UInt8] = []
        text.reserveCapacity(prefix.utf8.count + number.utf8.count + 1 + (bytes.count + 2) / 3 * 4)
        text.append(contentsOf: prefix.utf8)
        text.append(contentsOf: number.utf8)
        text.append(UInt8(ascii: ":"))
        Base64.encode(bytes, as: alphabet, into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads the text.
    ///
    /// - Parameter what: What the text is, for error messages: `ciphertext`, `signature` or `HMAC`.
    static func read(
        _ text: String, _ what: String, as alphabet: Base64.Alphabet = .standard
    ) throws(CofferError) -> (version: Int, bytes: [UInt8]) {
        guard text.utf8.starts(with: prefix.utf8) else { throw .invalid("invalid \(what): no prefix") }
        let rest = text.utf8.dropFirst(prefix.utf8.count)
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { throw .invalid("invalid \(what): wrong number of fields") }
        let digits = rest[..<colon]
        guard !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ $0.isASCIIDigit }),
            let number = Int(Substring(digits))
        else { throw .invalid("invalid \(what): version number could not be decoded") }
        guard let bytes = Base64.decode(Substring(rest[rest.index(after: colon)...]), as: alphabet) else {
            throw .invalid("invalid \(what): could not decode base64")
        }
        return (number, bytes)
    }
}
