import EngineKit
import Syntax
import Testing

@Suite struct DigestTests {
    /// What Python's hashlib gives for "abc" and for a thousand "a".
    static let sums = [
        (
            "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d",
            "291e9a6c66994949b57ba5e650361e98fc36b1ba"
        ),
        (
            "sha2-224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            "4e8f0ce90b64661a2b5e84be6d93a7d9b76871062f1814433d04a03d"
        ),
        (
            "sha2-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
        ),
        (
            "sha2-384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "f54480689c6b0b11d0303285d9a81b21a93bca6ba5a1b4472765dca4da45ee328082d469c650cd3b61b16d3266ab8ced"
        ),
        (
            "sha2-512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "67ba5535a46e3f86dbfbed8cbbaf0125c76ed549ff8b0b9e03e0c88cf90fa634fa7b12b47d77b694de488ace8d9a65967dc96df599727d3292a8d9d447709c97"
        ),
        (
            "sha3-224", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
            "2461344b84416db8fe01c2a4966fea019590c231dd5724c1bfc26745"
        ),
        (
            "sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            "8f3934e6f7a15698fe0f396b95d8c4440929a8fa6eae140171c068b4549fbf81"
        ),
        (
            "sha3-384", "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
            "ccf4495ff20b4b33a1cc1917f9f0fe0fcb5e3d08e542cf4d4a90dd950b748e7e1cc07d2f3b36d62dd240724417cdd81b"
        ),
        (
            "sha3-512",
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
            "ac7e95cc95aa7f24aaa95e040ca0c79b39cd9cc84a10abb84ddd8dd5e4b45cf96543aaa70d0ef99fbf8d2769639981ee1fd0b0276f4756b9d504d0b7de19b700"
        ),
    ]

    @Test(arguments: sums) func `hashes as others do`(_ algorithm: String, _ sum: String, _ long: String) async throws {
        let driver = try TransitDriver()
        #expect(try await driver.write("hash", ["input": "abc".base64, "algorithm": .string(algorithm)]) == ["sum": .string(sum)])
        let input = String(repeating: "a", count: 1_000).base64
        #expect(try await driver.write("hash/\(algorithm)", ["input": input, "algorithm": "sha2-256"]) == ["sum": .string(long)])
    }

    @Test(arguments: sums.map(\.0)) func `verifies its HMACs through rotations, and no others`(_ algorithm: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let code = try await driver.write("hmac/k/\(algorithm)", ["input": "abc".base64])["hmac"]?.stringValue ?? ""
        #expect(code.hasPrefix("vault:v1:"))
        #expect(
            try await driver.write("hmac/k", ["input": "abc".base64, "algorithm": .string(algorithm)]) == ["hmac": .string(code)])
        try await driver.write("keys/k/rotate")
        #expect(
            try await driver.write("hmac/k/\(algorithm)", ["input": "abc".base64])["hmac"]?.stringValue?.hasPrefix("vault:v2:")
                == true)
        #expect(try await driver.write("hmac/k/\(algorithm)", ["input": "abc".base64, "key_version": 1])["hmac"] == .string(code))
    }

    @Test func `refuses what it does not know`() async throws {
        let driver = try TransitDriver()
        #expect(await driver.refusal(.update, "hash/md5", ["input": "abc".base64]) == "unsupported hash algorithm")
        #expect(
            await driver.refusal(.update, "hash", ["input": "abc".base64, "format": "raw"])
                == "unsupported encoding format; must be \"hex\" or \"base64\"")
        #expect(await driver.refusal(.update, "random", ["bytes": 0]) != nil)
        #expect(await driver.refusal(.update, "random/131073") == "\"bytes\" should be less than 131072")
        #expect(await driver.refusal(.update, "random/moon/32") == "unsupported entropy source")
    }

    @Test(arguments: [("random", 32), ("random/7", 7), ("random/all", 32), ("random/platform/64", 64)])
    func `gives random bytes`(_ path: String, _ count: Int) async throws {
        let driver = try TransitDriver()
        let first = try await driver.write(path)["random_bytes"]?.stringValue ?? ""
        #expect(Base64.decode(first)?.count == count)
        #expect(try await driver.write(path)["random_bytes"]?.stringValue != first)
        #expect(try await driver.write(path, ["format": "hex"])["random_bytes"]?.stringValue?.count == 2 * count)
    }
}
