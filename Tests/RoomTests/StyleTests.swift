import Testing

@Suite("Style")
struct StyleTests {
    @Test("no source breaks the house rules")
    func sourcesKeepTheRules() throws {
        #expect(StyleRules.violations(in: try SourceTree.ofThisPackage()) == [])
    }

    @Test(
        "notices a broken rule",
        arguments: [
            "let x = try! f()",
            "final class Box: @unchecked Sendable {}",
            "default: fatalError()",
            "nonisolated(unsafe) var x = 1",
            "// TO" + "DO: later",
            #"let limit = request.fields.int("limit") ?? 0"#,
            String(repeating: "\n", count: StyleRules.linesMax),
        ])
    func noticesViolation(text: String) {
        #expect(StyleRules.violations(in: SourceTree(files: [.init(path: "Core/Planted.swift", text: text)])).count == 1)
    }

    @Test(
        "accepts a hazard whose reason stands beside it",
        arguments: [
            "let x = try! f()  // the literal is well formed",
            "// Guarded by the lock below.\nfinal class Box: @unchecked Sendable {}",
        ])
    func acceptsReason(text: String) {
        #expect(StyleRules.violations(in: SourceTree(files: [.init(path: "Core/Fine.swift", text: text)])) == [])
    }
}
