import Crypto
import EngineKit
import Records
import SecretMemory
import Syntax

/// The secret of a mount, from which the keys that wrap the data keys of its owners are derived.
struct RootSecret: Record {
    /// One version of the secret, by its number. Owners whose data keys are wrapped under an older one still need it.
    struct Version: Sendable {
        var number: Int
        var bytes: SecretBytes
    }

    /// The versions, oldest first; never empty.
    private(set) var versions: [Version]

    static let bytesCount = 32

    /// Makes the first version.
    init(randomness: any Randomness) {
        versions = [Version(number: 1, bytes: Self.make(randomness))]
    }

    /// The version that new data keys are wrapped under.
    var current: Version { versions[versions.count - 1] }

    /// Returns a version, or nil if there is none of that number.
    subscript(_ number: Int) -> Version? { versions.first { $0.number == number } }

    private static func make(_ randomness: any Randomness) -> SecretBytes {
        SecretBytes(count: bytesCount) { randomness.fill($0) }
    }

    var stored: JSONObject {
        [
            "versions": .array(
                versions.map { version in
                    [
                        "number": .int(version.number),
                        "secret": .string(version.bytes.withBytes { Base64.encode(Array($0)) }),
                    ]
                })
        ]
    }

    init?(stored object: JSONObject) {
        guard let rows = object["versions"]?.arrayValue, !rows.isEmpty else { return nil }
        versions = []
        for row in rows {
            guard let number = row["number"]?.countValue, number > versions.last?.number ?? 0,
                let bytes = row["secret"]?.stringValue.flatMap({ Base64.decode($0, allowing: []) }),
                bytes.count == Self.bytesCount
            else { return nil }
            versions.append(Version(number: number, bytes: SecretBytes(bytes)))
        }
    }
}

extension RootSecret.Version {
    /// Returns the key that wraps one version of an owner's data key: HKDF-SHA256 (RFC 5869) of the secret, whose info names the
    /// purpose, the owner and the version.
    func wrappingKey(for owner: Owner, version: Int) -> SymmetricKey {
        bytes.withBytes { bytes in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: bytes), info: Self.info(owner, version: version), outputByteCount: 32)
        }
    }

    /// The owner and the version of a data key, as HKDF and the wrapping cipher take them.
    static func info(_ owner: Owner, version: Int) -> [UInt8] {
        var info: [UInt8] = []
        for text in ["coffer-owner/v1", owner.text, String(version)] { info.append(lengthAndText: text) }
        return info
    }
}
