internal import ArgumentParser
internal import CofferClient

/// The command `coffer audit disable`.
struct AuditDisable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer audit disable [options] <device>", "Disable an audit device.", examples: "coffer audit disable file/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The device's name, such as file/.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error disabling audit device") { try await $0.request(.delete, "sys/audit/\(path)") }
        try session.printer.success("Success! Disabled audit device (if it was enabled) at: \(path)/")
    }
}
