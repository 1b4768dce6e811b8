import CredentialChecks
import Foundation
import Outbound
import Testing

/// `docs/connection-tests.md` has the table that ``Provider`` gives.
@Suite("Page of connection tests")
struct DocumentTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/connection-tests.md")

    @Test("the page has every provider; COFFER_WRITE_DOCS=1 writes the table again")
    func table() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let (begin, end) = ("<!-- providers:begin -->\n", "<!-- providers:end -->")
        let start = try #require(text.range(of: begin)).upperBound
        let stop = try #require(text.range(of: end)).lowerBound
        let table = Self.table()
        if ProcessInfo.processInfo.environment["COFFER_WRITE_DOCS"] != nil {
            try (text[..<start] + table + text[stop...]).write(to: Self.page, atomically: true, encoding: .utf8)
        } else {
            #expect(String(text[start..<stop]) == table, "run COFFER_WRITE_DOCS=1 swift test --filter CredentialChecksTests")
        }
    }

    @Test("the page has every reason")
    func reasons() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        for reason in CheckOutcome.Reason.allCases { #expect(text.contains("`\(reason.rawValue)`"), "\(reason.rawValue)") }
    }

    private static func table() -> String {
        let rows = Provider.all.map { provider in
            let types = provider.types.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            let forms = provider.patterns.map { "`\($0.expression.replacingOccurrences(of: "|", with: #"\|"#))`" }
                .joined(separator: "<br>")
            let cells = [
                "`\(provider.id)`", provider.name, types, provider.group.rawValue, forms, test(provider),
                provider.notes.joined(separator: " "), "[page](\(provider.documentation))",
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        return "| id | name | types | group | forms | test | notes | credentials |\n|---|---|---|---|---|---|---|---|\n"
            + rows.joined(separator: "\n") + "\n"
    }

    private static func test(_ provider: Provider) -> String {
        switch provider.check {
        case .probes(let probes):
            probes.map { probe in
                let url = probe.url.isEmpty ? "the URL itself" : probe.url
                return "`\(probe.method.rawValue) \(url)`"
            }.joined(separator: "<br>")
        case .postgreSQL: "login"
        case .redis: "`AUTH`, `PING`"
        case .webhookSecret: "signs and verifies a sample"
        case .noClient: "none: no client"
        case .none: "none"
        }
    }
}
