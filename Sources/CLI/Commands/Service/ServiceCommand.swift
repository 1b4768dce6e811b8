internal import ArgumentParser

/// The command `coffer service`, which groups commands.
struct ServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "service", "Explain the rules of services, and use the secrets of projects as variables.",
        examples: "coffer service env -project=newsbot -env=prod -- ./newsbot",
        subcommands: [ServiceExplain.self, ServiceImport.self, ServiceEnv.self, ServiceMigrate.self])
}
