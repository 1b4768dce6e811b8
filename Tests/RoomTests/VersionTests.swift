import Foundation
import Testing

/// A version is written in one place; every other place that names it agrees.
@Suite("Versions")
struct VersionTests {
    private static let home = "Syntax/CofferProduct.swift"

    private static func version(in tree: SourceTree) throws -> String {
        let file = try #require(tree.files.first { $0.path == home })
        let line = try #require(file.lines.first { $0.contains("static let version = \"") })
        return String(line.split(separator: "\"")[1])
    }

    @Test("Coffer's own version is written once in the sources, and the README names it")
    func own() throws {
        let tree = try SourceTree.ofThisPackage()
        let version = try Self.version(in: tree)
        let parts = version.split(separator: ".")
        #expect(parts.count == 3 && parts.allSatisfy { Int($0) != nil })
        #expect(Self.copies(of: version, in: tree) == [])
        #expect(try Documents.text("README.md").contains("**Status:** \(parts[0]).\(parts[1]), "))
        #expect(try Documents.text("SECURITY.md").contains("Coffer is at \(parts[0]).\(parts[1]) "))
    }

    static func copies(of version: String, in tree: SourceTree) -> [String] {
        tree.files.filter { $0.path != home }.flatMap { file in
            file.lines.indices.filter { file.lines[$0].contains("\"\(version)\"") || file.lines[$0].contains("coffer.\(version)") }
                .map { "\(file.path):\($0 + 1)" }
        }
    }

    @Test("notices a second place with the version", arguments: [#"let v = "9.9.9""#, #"let v = "1.0+coffer.9.9.9""#])
    func noticesCopy(line: String) {
        #expect(Self.copies(of: "9.9.9", in: SourceTree(files: [.init(path: "Core/Planted.swift", text: line)])).count == 1)
    }

    @Test("every document and script that names a version of Swift names the one of .swift-version")
    func swift() throws {
        let wanted = try Documents.text(".swift-version").trimmingCharacters(in: .whitespacesAndNewlines)
        var texts = try Documents.ofThisPackage().files
        texts["CHANGELOG.md"] = nil  // It tells of the past.
        for path in ["Makefile", "scripts/run-tests"] { texts[path] = try Documents.text(path) }
        let named = texts.flatMap { path, text in Self.numbers(after: "Swift ", in: text).map { "\(path): \($0)" } }
        #expect(named.count >= 3)
        #expect(named.filter { !$0.hasSuffix(": \(wanted)") } == [])
        let tools = try #require(Self.numbers(after: "swift-tools-version: ", in: try Documents.text("Package.swift")).first)
        #expect(tools.compare(wanted, options: .numeric) != .orderedDescending)
    }

    @Test("versions of dependencies that documents name are those that are built")
    func dependencies() throws {
        let manifest = try Documents.text("Package.swift")
        #expect(Self.dependencies(manifest).count >= 10)
        for (path, text) in try Documents.ofThisPackage().files where path != "CHANGELOG.md" {
            for (name, least) in Self.dependencies(manifest) {
                for number in Self.numbers(after: "\(name) ", in: text) {
                    #expect(least.hasPrefix(number), "\(path) names \(name) \(number), Package.swift \(least)")
                }
            }
        }
    }

    /// The name and the lowest version of each package.
    private static func dependencies(_ manifest: String) -> [(name: String, version: String)] {
        manifest.components(separatedBy: "\n").compactMap { line in
            let parts = line.components(separatedBy: "\"")
            guard parts[0].hasSuffix(".package(url: "), parts.count == 5, let name = parts[1].split(separator: "/").last else {
                return nil
            }
            return (String(name), parts[3])
        }
    }

    /// Numbers such as `6.3` behind a word.
    static func numbers(after word: String, in text: String) -> [String] {
        text.components(separatedBy: word).dropFirst().compactMap { rest in
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            let trimmed = number.hasSuffix(".") ? number.dropLast() : number
            return trimmed.contains(".") ? String(trimmed) : nil
        }
    }

    @Test("finds the numbers behind a word")
    func findsNumbers() {
        #expect(Self.numbers(after: "Swift ", in: "Swift 6.3. Or Swift 5.10, Swift is, Swift 6") == ["6.3", "5.10"])
    }
}
