internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer insights`.
struct InsightsCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer insights [options]", "Show the state of connections: disconnections, upcoming expiries, failed refreshes.",
        examples: "coffer insights -days=7", "coffer insights -format=json")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Number of days to look back, from 1 to 400.") var days: Int = 30
    @Option(help: "Number of days to look ahead, from 1 to 90.") var ahead: Int = 14
    @Option(help: "The mount of the connections engine.") var mount: String = "connections"

    func run(_ session: Session) async throws {
        let path = try ArgumentText.requiredPath(mount) + "/insights"
        let query = [QueryItem("days", String(days)), QueryItem("ahead", String(ahead))]
        let response = try await session.call("Error reading \(path)") { try await $0.request(.get, path, query: query) }
        guard session.printer.isTable, let data = response.json?["data"]?.objectValue else {
            return try Answer(response).write(to: session, path: path, field: nil)
        }
        session.console.output(InsightsText(data: data).text)
    }
}

/// Insights as tables with bars, for a terminal.
struct InsightsText {
    let data: JSONObject
    private static let barMax = 40

    var text: String {
        var parts: [String] = []
        let lost = rows("disconnections")
        parts.append(
            section(
                "Disconnections in \(data["window_days"]?.intValue ?? 0) days", header: ["Platform", "Count", "Reasons"],
                rows: bars(lost.map { ($0["platform"]?.stringValue ?? "", $0["count"]?.intValue ?? 0, Self.pairs($0["reasons"])) }))
        )
        let ahead = rows("expiries_ahead").filter { ($0["count"]?.intValue ?? 0) > 0 }
        parts.append(
            section(
                "Upcoming expiries", header: ["Day", "Count", ""],
                rows:
                    bars(ahead.map { ($0["day"]?.stringValue ?? "", $0["count"]?.intValue ?? 0, "") })))
        let refreshes = rows("refreshes").map { row in
            [
                row["platform"]?.stringValue ?? "", number(row["refreshed"]), number(row["failed"]),
                Self.percent(row["failure_rate"]), Self.pairs(row["errors"]),
            ]
        }
        parts.append(section("Refreshes", header: ["Platform", "Refreshed", "Failed", "Failure rate", "Errors"], rows: refreshes))
        let owners = (data["partial_owners"]?["owners"]?.arrayValue ?? []).map { row in
            [
                row["owner"]?.stringValue ?? "", number(row["connections"]),
                (row["broken"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", "),
            ]
        }
        parts.append(section("Owners with broken connections", header: ["Owner", "Connections", "Broken"], rows: owners))
        return parts.joined(separator: "\n\n")
    }

    private func rows(_ name: String) -> [JSON] { data[name]?.arrayValue ?? [] }
    private func number(_ value: JSON?) -> String { String(value?.intValue ?? 0) }

    private func section(_ title: String, header: [String], rows: [[String]]) -> String {
        rows.isEmpty ? "\(title): none" : title + "\n" + Table(header: header, rows: rows).text
    }

    /// Returns a row with a bar for each name, count and remark.
    private func bars(_ rows: [(String, Int, String)]) -> [[String]] {
        let longest = max(rows.map(\.1).max() ?? 0, 1)
        return rows.map { name, count, more in
            let length = max(count * Self.barMax / longest, count > 0 ? 1 : 0)
            let bar = String(repeating: "█", count: length)
            return [name, String(count), more.isEmpty ? bar : "\(bar) \(more)"]
        }
    }

    private static func pairs(_ value: JSON?) -> String {
        (value?.objectValue?.members ?? []).map { "\($0.key) \($0.value.intValue ?? 0)" }.joined(separator: ", ")
    }

    private static func percent(_ value: JSON?) -> String {
        guard case .number(let text)? = value, let rate = Double(text) else { return "" }
        let perMille = Int((rate * 1_000).rounded())
        return "\(perMille / 10).\(perMille % 10) %"
    }
}
