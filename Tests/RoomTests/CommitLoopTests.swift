import Testing

/// A change that is tried again when another writer was first is written once, as `Storage.transact` in `Records`.
@Suite("Loops around a commit")
struct CommitLoopTests {
    /// Loops that may stand, with their reasons.
    private static let allowed = [
        // The provider's answer exists only in this process: a store that is away is waited for, and what another writer stored
        // is weighed against the answer.
        "ConnectionsEngine/Refresh/Refresher+Outcome.swift"
    ]

    static func violations(in tree: SourceTree) -> [String] {
        tree.files.filter { !$0.path.hasPrefix("Records/") && !$0.path.hasPrefix("TestSupport/") && !allowed.contains($0.path) }
            .flatMap { file in
                file.lines.indices.filter { file.lines[$0].contains("commitIfUnchanged(") && isRetried(file.lines, at: $0) }
                    .map { "\(file.path):\($0 + 1): commits in a loop; use Storage.transact" }
            }
    }

    /// Whether a loop of attempts encloses the line, by its indentation.
    private static func isRetried(_ lines: [Substring], at index: Int) -> Bool {
        var depth = indentation(lines[index])
        for line in lines[..<index].reversed() where !line.allSatisfy({ $0 == " " }) {
            guard indentation(line) < depth else { continue }
            depth = indentation(line)
            let code = line.drop { $0 == " " }
            if code.hasPrefix("while ") || code.hasPrefix("repeat ") { return true }
            if code.hasPrefix("for "), code.contains("0..<") || code.contains("1...") { return true }
            if code.contains("func ") || depth == 0 { return false }
        }
        return false
    }

    private static func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }

    @Test("no room tries a commit again by itself")
    func sources() throws {
        #expect(Self.violations(in: try SourceTree.ofThisPackage()) == [])
    }

    @Test("notices a loop of attempts", arguments: ["for _ in 0..<16 {", "while true {", "repeat {"])
    func notices(loop: String) {
        let text = """
            func edit() {
                \(loop)
                    let record = read()
                    if try await storage.commitIfUnchanged(batch) { return }
                }
            }
            """
        #expect(Self.violations(in: SourceTree(files: [.init(path: "Core/Planted.swift", text: text)])).count == 1)
    }

    @Test("accepts one attempt for each of many records")
    func accepts() {
        let text = """
            func sweep() {
                for name in names {
                    _ = try await storage.commitIfUnchanged(batch)
                }
            }
            """
        #expect(Self.violations(in: SourceTree(files: [.init(path: "Core/Fine.swift", text: text)])) == [])
    }
}
