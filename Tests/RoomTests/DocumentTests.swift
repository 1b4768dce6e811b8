import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
    @Test("every link leads to a file of the package, and to a heading in it")
    func links() throws {
        let documents = try Documents.ofThisPackage()
        #expect(documents.links.count > 100)
        #expect(documents.brokenLinks == [])
    }

    @Test(
        "notices a link that leads nowhere",
        arguments: ["[a](b.md)", "[a](docs/there.md#gone)", "[a](#gone)", "[a](../out.md)", "`x` [a](docs/gone/)"])
    func noticesBrokenLink(text: String) {
        let documents = Documents(
            files: ["README.md": "# Title\n\(text)", "docs/there.md": "# Title"], paths: ["README.md", "docs", "docs/there.md"])
        #expect(documents.brokenLinks.count == 1)
    }

    @Test(
        "accepts a link that leads somewhere",
        arguments: [
            "[a](docs/there.md)", "[a](docs/there.md#what-it-has-2-parts)", "[a](#title)", "[a](docs)",
            "[a](https://example.com/x)",
            "`[a](gone.md)`", "```\n[a](gone.md)\n```",
        ])
    func acceptsLink(text: String) {
        let documents = Documents(
            files: ["README.md": "# Title\n\(text)", "docs/there.md": "## What it has, `2` parts"],
            paths: ["README.md", "docs", "docs/there.md"])
        #expect(documents.brokenLinks == [])
    }

    @Test("the index of decisions lists every page once, and says of every dependency where it was decided")
    func decisions() throws {
        let documents = try Documents.ofThisPackage()
        let index = try #require(documents.files["docs/decisions/README.md"])
        let (list, table) = try #require(
            index.range(of: "## Dependencies").map { (index[..<$0.lowerBound], index[$0.lowerBound...]) })
        let pages = documents.files.keys.filter { $0.hasPrefix("docs/decisions/0") }.map { $0.dropFirst("docs/decisions/".count) }
        for page in pages {
            let count = list.components(separatedBy: "](\(page))").count - 1 + (table.contains("](\(page))") ? 1 : 0)
            #expect(count >= 1, "\(page) is not in the index")
            #expect(list.components(separatedBy: "](\(page))").count <= 2, "\(page) is listed twice")
        }
        let rows = Self.rows(table)
        #expect(Set(Self.dependencies(try Documents.text("Package.swift"))).subtracting(rows.keys) == [])
        for (dependency, cell) in rows {
            let linked = pages.filter { cell.contains("](\($0))") }
            #expect(!linked.isEmpty, "\(dependency) has no page")
        }
    }

    /// The last component of each package's URL.
    private static func dependencies(_ manifest: String) -> [String] {
        manifest.components(separatedBy: "\n").compactMap { line in
            guard let start = line.range(of: ".package(url: \"") else { return nil }
            return line[start.upperBound...].prefix { $0 != "\"" }.split(separator: "/").last.map(String.init)
        }
    }

    private static func rows(_ table: Substring) -> [String: String] {
        var rows: [String: String] = [:]
        for line in table.split(separator: "\n") where line.hasPrefix("|") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.count == 2, cells[0] != "dependency", !cells[0].hasPrefix("---") { rows[cells[0]] = cells[1] }
        }
        return rows
    }
}
