internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer audit list`.
struct AuditList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer audit list [options]", "List the audit devices.", examples: "coffer audit list -detailed")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show also whether devices are replicated, and their options.") var detailed = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let devices = try await session.call("Error listing audits") { try await $0.sys.auditDevices() }
        guard session.printer.isTable else { return try session.printer.value(Printer.sorted(.object(devices))) }
        guard !devices.isEmpty else { throw CommandFailure.server("No audit devices are enabled.") }
        session.console.output(table(devices).text)
    }

    private func table(_ devices: JSONObject) -> Table {
        var table = Table(
            header: detailed ? ["Path", "Type", "Description", "Replication", "Options"] : ["Path", "Type", "Description"])
        for device in devices.members.sorted(by: { $0.key < $1.key }) {
            var row = [device.key, device.value["type"]?.stringValue ?? "", device.value["description"]?.stringValue ?? ""]
            if detailed {
                row.append(device.value["local"]?.boolValue == true ? "local" : "replicated")
                let options = device.value["options"]?.objectValue?.members.sorted { $0.key < $1.key } ?? []
                row.append(options.map { "\($0.key)=\(ValueText.cell($0.value))" }.joined(separator: " "))
            }
            table.rows.append(row)
        }
        return table
    }
}
