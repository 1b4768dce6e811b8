import Audit
import Foundation
import SecretMemory
import Testing

/// What the fuzzer starts from must reach behind the first line of the verifier.
@Suite struct FuzzSeedTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fuzz/seeds/audit").standardized.path

    @Test("are whole audit files under a known key, and files with one kind of damage each")
    func seeds() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        #expect(names.filter { $0.hasPrefix("intact-") }.count >= 6)
        #expect(names.filter { $0.hasPrefix("broken-") }.count >= 6)
        let key = SecretBytes(Array(repeating: 8 as UInt8, count: 32))
        for name in names {
            let bytes = Array(try #require(FileManager.default.contents(atPath: Self.folder + "/" + name)))
            let verdict = AuditVerifier.verify(bytes, keys: .device(key))
            #expect(verdict.isIntact == name.hasPrefix("intact-"), "\(name)")
        }
    }
}
