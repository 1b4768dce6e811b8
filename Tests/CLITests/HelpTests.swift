import CLI
import Syntax
import Testing

@Suite("The help of every command")
struct HelpTests {
    /// What a summary may begin with: what the command does, said as an order.
    static let verbs: Set<String> = [
        "Add", "Change", "Check", "Copy", "Create", "Delete", "Derive", "Disable", "Enable", "Explain", "Find", "Format",
        "Generate", "Give",
        "Initialize", "List", "Log", "Look", "Manage", "Merge", "Migrate", "Move", "Print", "Read", "Remove", "Renew", "Restore",
        "Revoke",
        "Rotate", "Run", "Seal", "Search", "Set", "Show", "Store", "Upgrade", "Upload", "Verify", "Write",
    ]

    private static func commands() async throws -> [[String]] {
        let run = await CommandRun(["--experimental-dump-help"])
        var found: [[String]] = []
        func visit(_ command: JSON?, _ path: [String]) {
            let children = (command?["subcommands"]?.arrayValue ?? []).filter {
                $0["commandName"]?.stringValue != "help" || !path.isEmpty
            }
            if !path.isEmpty { found.append(path) }
            for child in children { visit(child, path + [child["commandName"]?.stringValue ?? ""]) }
        }
        visit(try JSON(parsing: run.output)["command"], [])
        return found
    }

    @Test("begins with a verb, has an example, says what is required, and fits a hundred columns")
    func everyCommand() async throws {
        var wrong: [String] = []
        let commands = try await Self.commands()
        for path in commands {
            let name = "coffer " + path.joined(separator: " ")
            let help = await CommandRun(path + ["-help"])
            let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            #expect(help.status == 0)
            let words = lines.first.map { $0.split(separator: " ") } ?? []
            if words.count < 3 || words[0] != "OVERVIEW:" || !Self.verbs.contains(String(words[1].prefix { $0 != "," })) {
                wrong.append("\(name): no verb")
            }
            if !lines.contains(where: { $0.hasPrefix("  $ ") && $0.contains("coffer ") }) { wrong.append("\(name): no example") }
            for line in lines where line.count > 100 { wrong.append("\(name): too wide: \(line)") }
            if lines.contains(where: { $0.hasPrefix("USAGE:") && $0.contains("[<path> ...]") }) {
                wrong.append("\(name): required is optional")
            }
            if lines.contains(where: { $0.contains(" --") && !$0.contains(" -- ") }) { wrong.append("\(name): two dashes") }
            let sections = lines.filter { $0.hasSuffix(":") && $0.first?.isUppercase == true && !$0.contains(" $") }
            let common = sections.firstIndex { $0 == "CONNECTION AND OUTPUT:" || $0 == "OUTPUT:" }
            if let common, common != sections.count - 1 { wrong.append("\(name): the connection is not last: \(sections)") }
        }
        #expect(wrong.isEmpty)
        #expect(commands.count > 60)
    }

    @Test("wraps each paragraph once, at a hundred columns")
    func paragraphs() async throws {
        for path in try await Self.commands() {
            let help = await CommandRun(path + ["-help"])
            let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
            let discussion = lines.drop { !$0.isEmpty }.prefix { !$0.hasPrefix("USAGE:") }
            for (line, next) in zip(discussion, discussion.dropFirst()) {
                let isParagraph = !line.isEmpty && !next.isEmpty && !line.hasPrefix(" ") && !next.hasPrefix(" ")
                guard isParagraph, !line.hasSuffix(":") else { continue }
                // A line may be short only because the next word did not fit.
                #expect(line.count + 1 + next.prefix { $0 != " " }.count >= 100, "\(path): \(line)")
            }
        }
    }

    @Test("names both variables of an option")
    func variables() async {
        let help = await CommandRun(["read", "-help"])
        for name in [
            "ADDR", "CACERT", "CAPATH", "CLIENT_CERT", "CLIENT_KEY", "TLS_SERVER_NAME", "SKIP_VERIFY", "NAMESPACE", "WRAP_TTL",
            "FORMAT",
        ] {
            #expect(help.output.contains("COFFER_\(name)") && help.output.contains("VAULT_\(name)"))
        }
    }
}
