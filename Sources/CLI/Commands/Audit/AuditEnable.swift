internal import ArgumentParser
internal import CofferClient
internal import Syntax

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
