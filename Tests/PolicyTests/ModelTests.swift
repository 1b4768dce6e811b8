import EngineKit
import Policy
import Testing

/// The evaluator against ``NaiveModel``: 1,008,000 requests and 168,000 sets of capabilities under random policies made so that their rules collide.
@Suite("The evaluator and the naive model agree")
struct ModelTests {
    static let policySets = 525
    static let paths = 40
    static let seeds: [UInt64] = Array(1...8)

    private static let operations: [Capability] = [.create, .read, .update, .patch, .delete, .list]

    @Test("on a million random requests", arguments: seeds)
    func agree(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var (cases, granted, denied) = (0, 0, 0)
        for _ in 0..<Self.policySets {
            let (model, acl, text) = try Self.policies(&random)
            for _ in 0..<Self.paths {
                let path = Self.path(&random)
                let judgement = model.judge(path)
                for operation in Self.operations {
                    let needsSudo = operation == .read && random.below(2) == 0
                    let expected = NaiveModel.allows(operation, judgement, needsSudo: needsSudo)
                    let verdict = acl.verdict(operation, path: path, sudo: needsSudo)
                    let policies: [String]? = if case .allowed(let names) = verdict { names } else { nil }
                    if policies != expected {
                        Issue.record("\(operation) \(path): \(verdict), expected \(expected ?? [])\n\(text)")
                        return
                    }
                    cases += 1
                    granted += policies == nil ? 0 : 1
                    denied += verdict == .denied(.denied) ? 1 : 0
                }
                let shown = acl.capabilities(path: path)
                let agrees = Self.operations.allSatisfy {
                    shown.contains(CapabilitySet($0)) == (NaiveModel.allows($0, judgement) != nil) || shown == .deny && $0 == .list
                }
                if !agrees {
                    Issue.record("capabilities of \(path): \(shown.names)\n\(text)")
                    return
                }
            }
        }
        // The generator must make all kinds of answers, or agreement would mean little.
        #expect(cases == Self.policySets * Self.paths * Self.operations.count)
        #expect(granted > cases / 20 && denied > cases / 20)
    }

    private static func policies(_ random: inout SplitMix64) throws -> (NaiveModel, ACL, String) {
        var model: [NaiveModel.Rule] = []
        var documents: [NamedPolicy] = []
        var all = ""
        for index in 0...random.below(3) {
            let name = "p\(index)"
            var text = ""
            for _ in 0...random.below(6) {
                let pattern = pattern(&random)
                let capabilities = capabilities(&random)
                model.append(.init(pattern, capabilities, name))
                let list = capabilities.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
                text += "path \"\(pattern)\" { capabilities = [\(list)] }\n"
            }
            documents.append(NamedPolicy(name: try PolicyName(name), document: try PolicyDocument(parsing: text)))
            all += "# \(name)\n" + text
        }
        return (NaiveModel(rules: model), ACL(documents), all)
    }

    private static func capabilities(_ random: inout SplitMix64) -> Set<Capability> {
        if random.below(4) == 0 { return [.deny] }
        let bits = random.next()
        let all: [Capability] = [.create, .read, .update, .patch, .delete, .list, .sudo]
        return Set(all.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element))
    }

    /// Few letters, so that rules and requests meet; `+x`, `x*y` and `é` for what is literal or not ASCII.
    private static func pattern(_ random: inout SplitMix64) -> String {
        let segments = ["a", "a", "b", "A", "ab", "+", "+", "+", "+a", "*a"]
        var parts = (0...random.below(4)).map { _ in random.below(60) == 0 ? "é" : random.pick(segments) }
        switch random.below(6) {
        case 0, 1: parts.append("*")
        case 2 where parts.last != "+": parts[parts.count - 1] += "*"
        case 3: parts.append("")
        default: break
        }
        return parts.joined(separator: "/")
    }

    private static func path(_ random: inout SplitMix64) -> String {
        let segments = ["a", "a", "b", "b", "A", "B", "ab", "aB", "+a", "*a"]
        let parts = (0...random.below(4)).map { _ in random.below(60) == 0 ? random.pick(["é", "É"]) : random.pick(segments) }
        return parts.joined(separator: "/") + (random.below(3) == 0 ? "/" : "")
    }
}
