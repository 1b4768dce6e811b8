import Foundation
import Testing

/// The code in the guides is the code of the examples, so whoever follows a guide writes what the tests have run.
@Suite("Guides")
struct GuideTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test(
        "the Swift code of a guide is its example, in order and whole",
        arguments: [
            ("add-a-secrets-engine", "NotesEngine"), ("add-an-auth-method", "BadgeMethod"), ("add-a-store", "ArrayStorage"),
            ("add-a-dialect", "PlainDialect"),
        ])
    func isExample(guide: String, example: String) throws {
        let page = try Self.text("docs/guides/\(guide).md")
        let file = "Tests/GuideTests/Examples/\(example).swift"
        #expect(page.contains("](../../\(file))"))
        let (code, wanted) = (Self.code(in: page), try Self.text(file))
        for (written, line) in zip(code.components(separatedBy: "\n"), wanted.components(separatedBy: "\n")) {
            try #require(written == line)
        }
        #expect(code == wanted)
    }

    @Test("every guide has an example")
    func guides() throws {
        let pages = try FileManager.default.contentsOfDirectory(atPath: Self.root.appendingPathComponent("docs/guides").path)
        let examples = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appendingPathComponent("Tests/GuideTests/Examples").path)
        #expect(pages.filter { $0 != "README.md" }.count == 4 && examples.count == 4)
    }

    /// The Swift blocks of a page, with an empty line between two of them.
    static func code(in page: String) -> String {
        var blocks: [String] = []
        var block: [Substring]?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```swift" {
                block = []
            } else if line == "```", let lines = block {
                blocks.append(lines.map { $0 + "\n" }.joined())
                block = nil
            } else {
                block?.append(line)
            }
        }
        return blocks.joined(separator: "\n")
    }

    @Test("takes Swift blocks alone")
    func blocks() {
        #expect(Self.code(in: "```swift\na\n\nb\n```\ntext\n```\nc\n```\n```swift\nd\n```") == "a\n\nb\n\nd\n")
    }
}
