import TestSupport
import Testing

@testable import ServiceRules

/// Random rules and random paths: the policy never says another thing than the rules.
@Suite("The compiled policy")
struct CompilerModelTests {
    @Test("agrees with the rules on every path", arguments: 0..<20)
    func agrees(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<12 {
            let count = Int.random(in: 1...4, using: &random)
            let rules = try (0..<count).map { _ in try Self.rule(&random) }
            let compiled = try CompiledService(rules)
            for path in Self.paths {
                for action in ServiceAction.allCases where path.hasSuffix("/") == (action == .list) {
                    let says = rules.decision(action, on: path).isAllowed
                    // Where a `*` stands, the names beside it are listed.
                    if action == .list, rules.contains(where: { $0.namesFolder(path) }) { continue }
                    #expect(compiled.allows(action, path) == says, "\(rules.map(\.line)) \(action) \(path)")
                }
            }
        }
    }

    @Test("is refused when the rules overlap beyond counting")
    func bounded() throws {
        var rules: [ServiceRule] = []
        for index in 0..<12 {
            var segments = Array(repeating: "*", count: 12)
            segments[index] = "x"
            rules.append(try ServiceRulesTests.rule("allow read secret:*:" + segments.joined(separator: "/")))
        }
        rules.append(try ServiceRulesTests.rule("deny write secret:*:*"))
        #expect(throws: ServiceRuleError.self) { try RuleCompiler(mount: "services/", rules: rules).compile() }
    }

    private static let names = ["a", "ab", "b", "*", "a*"]

    private static func rule(_ random: inout SplitMix64) throws -> ServiceRule {
        let depth = Int.random(in: 0...2, using: &random)
        let path = (0..<depth).map { _ in names.randomElement(using: &random) ?? "a" } + [Bool.random(using: &random) ? "*" : "b"]
        let effect = Int.random(in: 0..<3, using: &random) == 0 ? "deny" : "allow"
        let actions = ServiceAction.allCases.filter { _ in Bool.random(using: &random) }.map(\.rawValue)
        let project = names.randomElement(using: &random) ?? "a"
        return try ServiceRulesTests.rule(
            "\(effect) \(actions.isEmpty ? "*" : actions.joined(separator: ",")) secret:\(project):\(path.joined(separator: "/"))")
    }

    /// All paths of up to four segments over three names, and the folders among them.
    private static let paths: [String] = {
        var paths = ["a", "ab", "b"]
        var last = paths
        for _ in 0..<3 {
            last = last.flatMap { path in ["a", "ab", "b"].map { path + "/" + $0 } }
            paths += last
        }
        return paths.filter { $0.contains("/") } + paths.filter { $0.utf8.count < 6 }.map { $0 + "/" }
    }()
}

extension ServiceRule {
    fileprivate var line: String { "\(effect) \(actions.map(\.rawValue).sorted()) \(text)" }

    /// Some `*` of this rule stands in the folder.
    fileprivate func namesFolder(_ folder: String) -> Bool {
        guard effect == .allow, actions.contains(.list) else { return false }
        let parts = folder.dropLast().split(separator: "/")
        guard parts.count < path.segments.count, case .starting = path.segments[parts.count] else { return false }
        return zip(path.segments, parts).allSatisfy { $0.matches($1) }
    }
}
