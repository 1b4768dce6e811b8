internal import ArgumentParser

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Records every request and answer, and checks the record.",
        subcommands: [AuditEnable.self, AuditDisable.self, AuditList.self, AuditVerifyCommand.self])
}
