internal import ArgumentParser

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
