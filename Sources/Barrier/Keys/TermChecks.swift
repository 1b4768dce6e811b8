import SecretMemory
import Syntax

/// The record `core/terms`: a check value for each term, in the clear. It tells a keyring that was restored from
/// another backup from a damaged record.
struct TermChecks {
    /// The check values by number of the term.
    private(set) var checks: [UInt32: [UInt8]]

    /// Computes the check values of `keyring`.
    init(_ keyring: Keyring) {
        checks = Dictionary(uniqueKeysWithValues: keyring.terms.map { ($0.number, KeyDerivation.checkValue(of: $0.key)) })
    }

    /// Reads the record. Throws ``SealError/corrupted(_:)`` if it is malformed.
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

    /// Returns the JSON of the record.
    func encoded() -> [UInt8] {
        let entries = checks.sorted { $0.key < $1.key }.map { number, check -> JSON in
            ["term": .int(number), "check": .string(KeyText.base64(check))]
        }
        return CoreRecord(["terms": .array(entries)]).encoded()
    }

    /// Throws ``SealError/termMismatch(_:)`` if a key of `keyring` differs from the one that this store was encrypted
    /// with.
    func verify(_ keyring: Keyring) throws(SealError) {
        for term in keyring.terms {
            guard let check = checks[term.number], constantTimeEqual(check, KeyDerivation.checkValue(of: term.key)) else {
                throw .termMismatch(term.number)
            }
        }
    }
}
