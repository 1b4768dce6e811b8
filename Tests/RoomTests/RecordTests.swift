import Foundation
import Testing

@Suite("Stored records")
struct RecordTests {
    private func goldens() throws -> Set<String> {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("golden")
        return Set(try FileManager.default.contentsOfDirectory(atPath: folder.path).map { String($0.prefix { $0 != "." }) })
    }

    @Test("every place that writes a record stands in the table, and every kind has a golden file")
    func tableIsComplete() throws {
        let violations = RecordRules.violations(in: try SourceTree.ofThisPackage(), goldens: try goldens())
        #expect(violations == [], "\(violations)")
    }

    @Test("every golden file belongs to a place that writes such records")
    func filesAreUsed() throws {
        // What is sealed by connections-token, as it is before that.
        let inner: Set = ["connections-grant", "connections-grant-key"]
        #expect(try goldens().subtracting(RecordRules.places.values.flatMap(\.goldens)).subtracting(inner) == [])
    }

    @Test(
        "notices a new kind of record",
        arguments: [
            ("KVEngine/Stored/Planted.swift", "    func encoded() -> [UInt8] { [1] }"),
            ("DatabaseEngine/Stored/Planted.swift", "struct Planted: Stored {\n    var stored: JSONObject { [:] }\n}"),
            ("Core/Planted.swift", "        batch.put(\"sys/planted\", [1])"),
            ("ServiceAPI/Planted.swift", "        batch.put(\"planted\", bytes)"),
            ("Core/Planted.swift", "    static func encode(_ rows: [Row]) -> [UInt8] { [] }"),
        ])
    func noticesNewRecord(path: String, text: String) {
        #expect(RecordRules.marks(in: .init(path: path, text: text)) == 1)
        let tree = SourceTree(files: [.init(path: path, text: text)])
        #expect(RecordRules.violations(in: tree, goldens: []).contains { $0.hasPrefix(path) && $0.contains("is there a golden") })
    }

    @Test(
        "leaves indexes, comments and answers alone",
        arguments: [
            ("Core/Fine.swift", "        batch.put(key, [])"),
            ("Core/Fine.swift", "        // batch.put(key, value)"),
            ("VaultAPI/Fine.swift", "    func encoded() -> [UInt8] { [1] }"),
        ])
    func ignoresOthers(path: String, text: String) {
        #expect(RecordRules.marks(in: .init(path: path, text: text)) == 0)
    }
}
