package import EngineKit
package import Syntax

/// The codes that a caller sent, by the ids or names of methods.
package struct MFACodes: Sendable {
    private var codes: [String: [String]] = [:]

    private static let methodsMax = 32
    private static let codesMax = 4
    private static let bytesMax = 256

    /// Reads values of the header `X-Vault-MFA`: `method:code`, where a method is an id or a name. Returns nil without any.
    ///
    /// - Throws: `.invalidRequest` for more codes, or longer ones, than any login has.
    package init?(headers values: some Sequence<String>) throws(CofferError) {
        for value in values {
            let text = value.trimmingASCIISpace()
            guard !text.isEmpty else { continue }
            let (method, code) = text.cutUTF8(at: ":").map { ($0.0, $0.1 as Substring?) } ?? (text, nil)
            guard add(code.map { [String($0)] } ?? [], for: String(method)) else {
                throw .invalid(
                    "the header X-Vault-MFA must be METHOD:CODE, for at most \(Self.methodsMax) methods, with \(Self.codesMax) codes "
                        + "for each and \(Self.bytesMax) bytes in each part")
            }
        }
        if codes.isEmpty { return nil }
    }

    /// Reads the member `mfa_payload` of `sys/mfa/validate`: an object with a code, or a list of codes, for each method.
    package init(payload: JSONObject) throws(CofferError) {
        for member in payload {
            if let code = member.value.stringValue {
                guard add([code], for: member.key) else { throw Self.malformed }
            } else if let list = member.value.arrayValue {
                let texts = list.compactMap(\.stringValue)
                guard texts.count == list.count, add(texts, for: member.key) else { throw Self.malformed }
            } else {
                throw Self.malformed
            }
        }
    }

    private static let malformed = CofferError.invalid(
        "invalid mfa payload: it must have a code, or a list of codes, for each method")

    /// Adds codes. Returns false if they are too many or too long.
    private mutating func add(_ texts: [String], for method: String) -> Bool {
        guard method.utf8.count <= Self.bytesMax, texts.allSatisfy({ $0.utf8.count <= Self.bytesMax }) else { return false }
        codes[method, default: []] += texts.map { String($0.removingUTF8Prefix("passcode=") ?? $0[...]) }
        return codes.count <= Self.methodsMax && codes[method, default: []].count <= Self.codesMax
    }

    /// Returns the codes for a method, or nil if it was not named.
    func codes(for method: TOTPMethod) -> [String]? {
        let found = [method.id, method.name].filter { !$0.isEmpty }.compactMap { codes[$0] }
        return found.isEmpty ? nil : found.flatMap(\.self)
    }
}
