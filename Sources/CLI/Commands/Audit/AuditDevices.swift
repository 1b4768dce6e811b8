internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer audit`, which groups commands.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "audit", "Manage audit devices, and verify and search audit files.",
        examples: "coffer audit enable file file_path=/var/log/coffer/audit.log",
        subcommands: [
            AuditEnable.self, AuditDisable.self, AuditList.self, AuditVerifyCommand.self, AuditKeysCommand.self,
            AuditSearchCommand.self,
        ])
}

/// The command `coffer audit enable`.
struct AuditEnable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer audit enable [options] <type> [<key=value> ...]", "Enable an audit device.",
        examples: "coffer audit enable file file_path=/var/log/coffer/audit.log",
        "coffer audit enable socket address=127.0.0.1:9090 socket_type=tcp")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: .init("The device's name; its type by default.", valueName: "name")) var path: String?
    @Option(help: "A description of the device.") var description: String?
    @Flag(help: "Do not replicate the device to other clusters.") var local = false
    @Argument(help: .init("The type (file, socket or syslog), then its options as key=value.", valueName: "type"))
    var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let type = ArgumentText.path(arguments[0])
        let path = try ArgumentText.requiredPath(self.path ?? type)
        var options = try KeyValueArguments.parse(Array(arguments.dropFirst()), input: session.system.input)
        for (index, member) in options.members.enumerated() { options.members[index].value = .string(ValueText.cell(member.value)) }
        let body: JSON = [
            "type": .string(type), "description": .string(description ?? ""), "options": .object(options), "local": .bool(local),
        ]
        try await session.call("Error enabling audit device") { try await $0.request(.put, "sys/audit/\(path)", body: body) }
        try session.printer.success("Success! Enabled the \(type) audit device at: \(path)/")
    }
}

/// The command `coffer audit disable`.
struct AuditDisable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer audit disable [options] <device>", "Disable an audit device.", examples: "coffer audit disable file/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The device's name, such as file/.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let path = try arguments.onlyPath()
        try await session.call("Error disabling audit device") { try await $0.request(.delete, "sys/audit/\(path)") }
        try session.printer.success("Success! Disabled audit device (if it was enabled) at: \(path)/")
    }
}

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
