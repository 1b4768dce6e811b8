// Walks through docs/formats/barrier.md with nothing of the barrier but the cipher.
@testable import Barrier
import Ciphers
import Crypto
import EngineKit
import Foundation
import SecretMemory
import Syntax
import Testing

@Suite struct FormatTests {
    /// A store that the first version wrote: it must open for ever.
    static let records: [String: (version: UInt64, hex: String)] = [
        "core/instance": (
            1740800000000000492,
            """
            4e2244bbb2714940bf3801cd61ea3204
            """
        ),
        "core/keyring": (
            1740800000000000492,
            """
            43464652010100000000d80dc561b54da09acaf9e143eb826d2b0d3e16d30f69656aa677738d8eb47b60c23fc48305503a82\
            b36b05492843d91ccaddb36109e570de21d32a4bf926f567294a0f4bcd987481f978060052fbaa36ad9041c50fa6c92a0fde\
            4ea37211ad1f4495f43a0b4c95b9d8946401f9fc86d3056077d052a647b6f0cda882366f080385
            """
        ),
        "core/seal": (
            1740800000000000492,
            """
            7b22666f726d6174223a312c2274797065223a227368616d6972222c22736861726573223a312c227468726573686f6c6422\
            3a312c226b65795f6964223a22222c22726f6f745f6b6579223a2251305a47556745424141414141452f4b61697242366e50\
            615667676a4b4d63796b4a336946485844364a454b546c4163326870724f794f4e7062344d304145416f66716b686b68667a\
            63335a6d507565315452504e476a477831514e38316a4f6c7839535457614e3947463959773d3d222c226b65795f63686563\
            6b223a22667956644a43365545664842726a464c6154747841673d3d227d
            """
        ),
        "core/terms": (
            1740800000000000492,
            """
            7b22666f726d6174223a312c227465726d73223a5b7b227465726d223a312c22636865636b223a2246335453386b594e472f\
            6254617948335270323871413d3d227d5d7d
            """
        ),
        "mount/4f0c/data/db": (
            1740800000000000493,
            """
            43464652010100000001485d4f09146f3c145710143c44482c421b2a7aab35f6da46da10e477df7132e5dee7ea919c05a28b\
            951e94b6e0c312cd2b2fad7e
            """
        ),
    ]
    static let share = "52909065bbcdfdf27bb908037c1f4203ce9370e3bce6079fe0bb55620a21b63e"
    static let tokenKey = "e5131d9c050ad1b63b993cf3dd5dbfeea9e484f0742ed2c7b2a3e6d29e04213c"
    static let key = "mount/4f0c/data/db"

    private func store() -> TestStore {
        let store = TestStore()
        store.records = Self.records.mapValues { StoredRecord(value: [UInt8](hex: $0.hex), version: $0.version) }
        return store
    }

    @Test func `opens what the first version wrote`() async throws {
        var bench = Bench()
        bench.store = store()
        bench = bench.restarted()
        try await bench.unseal([Self.share])
        #expect(try await bench.read(Self.key) == "the password")
        #expect(try bench.barrier.subkey(info: "token-hmac/v1").hex == Self.tokenKey)
    }

    @Test func `is what the page about formats says`() throws {
        let records = Self.records.mapValues { (version: $0.version, value: [UInt8](hex: $0.hex)) }
        let instance = try #require(records["core/instance"]).value
        let seal = try JSON(parsing: try #require(records["core/seal"]).value)
        #expect(seal["format"] == 1 && seal["type"] == "shamir" && seal["shares"] == 1 && seal["threshold"] == 1)

        let unsealKey = [UInt8](hex: Self.share)
        #expect(seal["key_check"]?.stringValue == Data(derive(unsealKey, [], "coffer/key-check/v1", 16)).base64EncodedString())
        let wrapped = [UInt8](try #require(Data(base64Encoded: seal["root_key"]?.stringValue ?? "")))
        let root = try open(
            wrapped, unsealKey, keyID: 0,
            [Array("coffer/root-key/v1".utf8), instance, Array("shamir".utf8), [], [0, 0, 0, 1], [0, 0, 0, 1]])

        let keyring = try #require(records["core/keyring"])
        let ring = try open(keyring.value, root, keyID: 0, fields(instance, "core", "core/keyring", keyring.version, keyID: 0))
        #expect(ring[0] == 1 && ring[33..<37] == [0, 0, 0, 1] && ring[37..<41] == [0, 0, 0, 1] && ring.count == 37 + 52)
        let term = Array(ring[57...])
        let check = try JSON(parsing: try #require(records["core/terms"]).value)["terms"]?.arrayValue?.first?["check"]
        #expect(check?.stringValue == Data(derive(term, [], "coffer/key-check/v1", 16)).base64EncodedString())

        let record = try #require(records[Self.key])
        let value = try open(record.value, term, keyID: 1, fields(instance, "mount/4f0c", Self.key, record.version, keyID: 1))
        #expect(value == Array("the password".utf8))
        #expect(derive(Array(ring[1..<33]), instance, "token-hmac/v1", 32).hex == Self.tokenKey)
    }

    private func fields(_ instance: [UInt8], _ place: String, _ key: String, _ version: UInt64, keyID: UInt32) -> [[UInt8]] {
        [
            [0x43, 0x46, 0x46, 0x52, 1, 1], instance, Array(place.utf8), [], Array(key.utf8),
            withUnsafeBytes(of: version.bigEndian) { Array($0) }, withUnsafeBytes(of: keyID.bigEndian) { Array($0) },
        ]
    }

    private func open(_ envelope: [UInt8], _ key: [UInt8], keyID: UInt8, _ fields: [[UInt8]]) throws -> [UInt8] {
        #expect(envelope.prefix(10) == [0x43, 0x46, 0x46, 0x52, 1, 1, 0, 0, 0, keyID])
        var associated: [UInt8] = []
        for field in fields { associated += [0, 0, UInt8(field.count >> 8), UInt8(field.count & 0xFF)] + field }
        return try XAES256GCM(key: SecretBytes(key)).opened(Array(envelope.dropFirst(10)), associated)
    }

    private func derive(_ key: [UInt8], _ salt: [UInt8], _ info: String, _ count: Int) -> [UInt8] {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: key), salt: salt, info: Array(info.utf8), outputByteCount: count
        ).withUnsafeBytes { Array($0) }
    }
}
