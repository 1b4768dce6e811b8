import Foundation
import Testing

/// All engines and auth methods have the shape that `docs/ARCHITECTURE.md` describes under "The shape of an engine".
@Suite("The shape of an engine")
struct EngineShapeTests {
    private static let contracts: Set = ["Engine", "SecretsEngine", "AuthMethod", "LockingEngine", "RoleNamingAuthMethod"]

    /// Engines that no mount's type names, so that nobody needs a description of them.
    private static let withoutDescription: Set = [
        // The core mounts them itself.
        "CubbyholeEngine", "IdentityEngine", "SystemEngine", "TokenEngine", "UnavailableEngine",
        // `KVEngine.description` makes them.
        "KVVersion1Engine", "KVVersion2Engine",
    ]

    /// Engines that are declared in the file of another type, with their reasons.
    private static let elsewhere: Set = [
        // A few lines that stand in for an engine that could not be made.
        "UnavailableEngine"
    ]

    static func violations(in tree: SourceTree) -> [String] {
        tree.files.filter { !$0.path.hasPrefix("EngineKit/") && !$0.path.hasPrefix("TestSupport/") }.flatMap { file in
            engines(in: file).flatMap { violations(of: $0, in: file) } + strayDescriptions(in: file)
        }
    }

    /// The names of the engine types that the file declares.
    private static func engines(in file: SourceTree.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split { !$0.isLetter && !$0.isNumber }.map(String.init)
            guard !line.hasPrefix(" "), !line.hasPrefix("/"), line.contains(": "),
                let keyword = words.firstIndex(where: { ["struct", "class", "actor"].contains($0) }), keyword + 1 < words.count,
                !contracts.isDisjoint(with: words[(keyword + 2)...])
            else { return nil }
            return words[keyword + 1]
        }
    }

    private static func violations(of engine: String, in file: SourceTree.File) -> [String] {
        var found: [String] = []
        func refuse(_ text: String) { found.append("\(file.path): \(engine) \(text)") }
        if !file.path.hasSuffix("/\(engine).swift"), !elsewhere.contains(engine) { refuse("is not declared in \(engine).swift") }
        if !file.text.contains("var paths: [EnginePath] {") { refuse("does not compute its paths beside its declaration") }
        if !withoutDescription.contains(engine), !file.text.contains("package static let description"),
            !file.text.contains("package static func description(")
        {
            refuse("has no static description beside its declaration")
        }
        return found
    }

    /// Descriptions and routes that belong to no engine type.
    private static func strayDescriptions(in file: SourceTree.File) -> [String] {
        file.lines.enumerated().compactMap { index, line in
            let isDeclaration = ["let ", "func ", "package let ", "package func "].contains(where: line.hasPrefix)
            if isDeclaration, line.contains("EngineDescription") {
                return "\(file.path):\(index + 1): a description outside of its engine"
            }
            if line.hasPrefix("struct "), line.prefix(while: { $0 != ":" && $0 != "{" }).contains("Routes") {
                return "\(file.path):\(index + 1): routes outside of their engine"
            }
            return nil
        }
    }

    @Test("every engine has it")
    func sources() throws {
        let tree = try SourceTree.ofThisPackage()
        #expect(Self.violations(in: tree) == [])
        // A pattern that finds nothing would accept everything.
        #expect(tree.files.flatMap { Self.engines(in: $0) }.count >= 13)
    }

    @Test(
        "notices other shapes",
        arguments: [
            "package struct NewEngine: SecretsEngine {\n    package let paths: [EnginePath]\n    package static let description = x\n}",
            "package struct NewEngine: SecretsEngine {\n    package var paths: [EnginePath] { [] }\n}",
            "package let newDescription = EngineDescription(type: \"new\", summary: \"\") { NewEngine($0) }",
            "package func newDescription() -> EngineDescription { x }", "struct NewRoutes: Sendable {\n}",
            "final class OtherEngine: LockingEngine {\n    var paths: [EnginePath] { [] }\n    package static func description() {}\n}",
        ]) func notices(text: String)
    {
        let tree = SourceTree(files: [.init(path: "NewEngine/NewEngine.swift", text: text)])
        #expect(Self.violations(in: tree).count == 1)
    }
}
