import SecretMemory
import Syntax

/// `core/terms`: a check value for each term, in the clear, so that a keyring from another backup is told from a
/// damaged record.
struct TermChecks {
    private(set) var checks: [UInt32: [UInt8]]

    init(_ keyring: Keyring) {
        checks = Dictionary(uniqueKeysWithValues: keyring.terms.map { ($0.number, KeyDerivation.checkValue(of: $0.key)) })
    }

    init(decoding bytes: [UInt8]) throws(SealError) {
        let record = try CoreRecord(decoding: bytes, at: CoreKey.terms)
        checks = [:]
        for entry in record.object["terms"]?.arrayValue ?? [] {
            guard let number = entry["term"]?.intValue.flatMap(UInt32.init(exactly:)), let text = entry["check"]?.stringValue,
                let check = KeyText.base64(text)
            else { throw .corrupted(CoreKey.terms) }
            checks[number] = check
        }
    }

    func encoded() -> [UInt8] {
        let entries = checks.sorted { $0.key < $1.key }.map { number, check -> JSON in
            ["term": .int(number), "check": .string(KeyText.base64(check))]
        }
        return CoreRecord(["terms": .array(entries)]).encoded()
    }

    /// Throws when a key of the keyring is not the one that was used in this store.
    func verify(_ keyring: Keyring) throws(SealError) {
        for term in keyring.terms {
            guard let check = checks[term.number], constantTimeEqual(check, KeyDerivation.checkValue(of: term.key)) else {
                throw .termMismatch(term.number)
            }
        }
    }
}
