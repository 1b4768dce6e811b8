import Crypto
import JOSE
import Syntax

/// Returns a compact token of these texts, with base64url around each part.
func compact(_ header: String, _ payload: String = #"{"sub":"ada"}"#, signature: [UInt8] = [1]) -> String {
    [Array(header.utf8), Array(payload.utf8), signature].map { Base64.encode($0, as: .url) }.joined(separator: ".")
}

func object(_ text: String) throws -> JSONObject { try JSON(parsing: text).objectValue ?? [:] }

/// Returns the set that publishes these keys, as a provider's document is read.
func published(_ keys: (SigningKey, String)...) throws -> KeySet {
    let document: JSON = ["keys": .array(try keys.map { .object(try $0.0.publicJWK(id: $0.1)) })]
    return try KeySet(parsing: document.encoded())
}

/// Returns the set that publishes these keys without names.
func publishedWithoutNames(_ keys: SigningKey...) throws -> KeySet {
    let document: JSON = ["keys": .array(try keys.map { .object(try $0.publicJWK(id: "").without("kid")) })]
    return try KeySet(parsing: document.encoded())
}

extension JSONObject {
    /// The other members.
    func without(_ key: String) -> JSONObject {
        var rest = self
        rest[key] = nil
        return rest
    }
}

func testHMAC(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
}
