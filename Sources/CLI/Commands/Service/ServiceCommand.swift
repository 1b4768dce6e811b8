internal import ArgumentParser

struct ServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "The Service API: its rules, and secrets of a project as variables.",
        subcommands: [ServiceExplain.self, ServiceImport.self, ServiceEnv.self, ServiceMigrate.self])
}
