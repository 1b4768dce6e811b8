@testable import Barrier
import EngineKit
import SecretMemory
import Syntax

extension Golden {
    static let ofBarrier: [Golden] =
        ["barrier-seal", "barrier-seal-static"].map { name in Golden(name) { try SealRecord(decoding: $0).encoded() } }
        + ["barrier-reseal", "barrier-reseal-done"].map { name in Golden(name) { try ResealPosition(decoding: $0).encoded() } }
        + [
            Golden("barrier-recovery") { try RecoveryRecord(decoding: $0).encoded() },
            Golden("barrier-terms") { try TermChecks(decoding: $0).encoded() },
            // Sealed with a known root key and nonce, which stands behind ten bytes of head.
            Golden("barrier-keyring") { bytes in
                let keyring = try Keyring.open(
                    StoredRecord(value: bytes, version: 7), root: SecretBytes(countingBytes(from: 1)), instance: instance)
                return try keyring.sealedRecord(version: 7, randomness: nonce(of: bytes))
            },
            Golden("barrier-record") { bytes in
                let keyring = try keyring()
                let plain = try keyring.open(StoredRecord(value: bytes, version: 9), key: "mount/m-1/head/a")
                guard plain == Array("the password".utf8) else { throw Unreadable() }
                return try keyring.seal(plain, key: "mount/m-1/head/a", version: 9, randomness: nonce(of: bytes))
            },
        ]

    private static let instance = countingBytes(from: 240, count: 16)

    /// The keys that `barrier-keyring` holds.
    static func keyring() throws -> Keyring {
        let terms = [
            try KeyTerm(number: 1, created: goldenMoment, key: SecretBytes(countingBytes(from: 65)), encryptions: 12),
            try KeyTerm(number: 2, created: goldenMoment.adding(seconds: 1), key: SecretBytes(countingBytes(from: 97))),
        ]
        return try required(
            Keyring(
                instance: instance, root: SecretBytes(countingBytes(from: 1)), subkeyRoot: SecretBytes(countingBytes(from: 33)),
                terms: terms, version: 7))
    }

    private static func nonce(of sealed: [UInt8]) -> KnownRandomness {
        KnownRandomness(Array(sealed.dropFirst(Envelope.headerBytes).prefix(24)))
    }
}
