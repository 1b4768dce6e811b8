import Foundation
import Testing

/// `docs/ARCHITECTURE.md` has the rooms and the picture of them that the table in ``RoomRules`` gives.
@Suite("Architecture page")
struct ArchitectureTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/ARCHITECTURE.md")

    /// System libraries and what only tests need have no row.
    private static let unlisted: Set = ["CSecretMemory", "CPostgres", "CHiredis", "COpenSSL", "CLDAP", "TestSupport"]

    private func text() throws -> String { try String(contentsOf: Self.page, encoding: .utf8) }

    /// The rows of the table of rooms: each layer, and the rooms that are named in it.
    private func rows() throws -> [(layer: Int, rooms: [String])] {
        try text().split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|"), cells.count == 3, let layer = Int(cells[0]) else { return nil }
            return (layer, cells[1].split(separator: "`").filter { $0.allSatisfy(\.isLetter) }.map(String.init))
        }
    }

    @Test("every room stands in the table, in its layer")
    func table() throws {
        let rows = try rows()
        let named = rows.flatMap(\.rooms)
        #expect(named.sorted() == RoomRules.rooms.keys.filter { !Self.unlisted.contains($0) }.sorted())
        for row in rows {
            for room in row.rooms { #expect(RoomRules.rooms[room]?.layer == row.layer, "\(room)") }
        }
        #expect(rows.map(\.layer) == rows.map(\.layer).sorted())
    }

    @Test("the picture shows who imports whom; COFFER_WRITE_DOCS=1 draws it again")
    func picture() throws {
        let text = try text()
        let (begin, end) = ("<!-- rooms:begin -->\n", "<!-- rooms:end -->")
        let start = try #require(text.range(of: begin)).upperBound
        let stop = try #require(text.range(of: end)).lowerBound
        let drawn = Self.drawn()
        if ProcessInfo.processInfo.environment["COFFER_WRITE_DOCS"] != nil {
            try (text[..<start] + drawn + text[stop...]).write(to: Self.page, atomically: true, encoding: .utf8)
        } else {
            #expect(String(text[start..<stop]) == drawn, "run COFFER_WRITE_DOCS=1 swift test --filter ArchitectureTests")
        }
    }

    /// A Mermaid graph. An import that a longer way implies is left out, and so are text and bytes, which nearly every room has.
    private static func drawn() -> String {
        let left: Set = unlisted.union(["Syntax", "SecretMemory", "Hashes"])
        let shown = RoomRules.rooms.filter { !left.contains($0.key) }
        var lines = ["```mermaid", "graph TD"]
        for (name, room) in shown.sorted(by: { ($1.value.layer, $0.key) < ($0.value.layer, $1.key) }) {
            let direct = room.rooms.filter { !left.contains($0) }
            let implied = direct.reduce(into: Set<String>()) { $0.formUnion(below($1)) }
            let edges = direct.subtracting(implied).sorted()
            lines += edges.isEmpty ? ["    \(name)"] : edges.map { "    \(name) --> \($0)" }
        }
        return (lines + ["```"]).joined(separator: "\n") + "\n"
    }

    /// All rooms below one, itself not counted.
    private static func below(_ name: String) -> Set<String> {
        (RoomRules.rooms[name]?.rooms ?? []).reduce(into: []) { $0.formUnion(below($1).union([$1])) }
    }
}
