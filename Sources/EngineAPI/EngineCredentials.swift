import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import SecretMemory
import Syntax

/// The credentials of a call: `X-Engine-ID` with `X-Engine-Key` or a bearer token. A Coffer token is also accepted as a
/// bearer token.
package enum EngineCredentials {
    /// The kind of inline credentials that engines send.
    package static let kind = "engine"
    private static let secretBytesMax = 8_192

    static func read(_ headers: HTTPHeaders) throws(EngineRefusal) -> CoreRequest.Credentials {
        let id = try single("x-engine-id", headers)
        let key = try single("x-engine-key", headers)
        let bearer = try single("authorization", headers).flatMap(\.bearerToken)
        guard key == nil || bearer == nil else { throw .invalid("X-Engine-Key and Authorization must not both be sent") }
        guard let secret = key ?? bearer, secret.utf8.count <= secretBytesMax else { throw .noCredentials }
        let name = id ?? ""
        if key == nil, name.isEmpty, TokenText.prefixes.contains(where: secret.hasUTF8Prefix) { return .token(secret) }
        return .inline(InlineCredentials(kind: kind, name: EngineName.normal(name), secret: SecretBytes(Array(secret.utf8))))
    }

    /// Returns the credentials with the engine's name from the body, if no header has it.
    static func named(_ name: String?, _ credentials: CoreRequest.Credentials) -> CoreRequest.Credentials {
        guard let name, case .inline(let inline) = credentials, inline.name.isEmpty else { return credentials }
        return .inline(InlineCredentials(kind: inline.kind, name: EngineName.normal(name), secret: inline.secret))
    }

    private static func single(_ name: String, _ headers: HTTPHeaders) throws(EngineRefusal) -> String? {
        let values = headers[name]
        guard values.count <= 1 else { throw .invalid("the header \(name) was sent twice") }
        return values.first.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Names of engines. `ActionEngine`, `action-engine` and `ACTION` are the same engine.
package enum EngineName {
    /// Returns the normal form of a name.
    package static func normal(_ name: String) -> String {
        var letters = name.utf8.compactMap { byte -> UInt8? in
            if byte.isASCIILetterOrDigit { return byte.asciiLowercased }
            return byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") ? UInt8(ascii: "_") : nil
        }
        for tail in ["_engine", "engine"]
        where letters.count > tail.utf8.count && letters.suffix(tail.utf8.count).elementsEqual(tail.utf8) {
            letters.removeLast(tail.utf8.count)
            break
        }
        return String(decoding: letters.prefix(64), as: UTF8.self)
    }
}
