internal import ArgumentParser

struct LeaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease", abstract: "Looks up, renews and revokes leases.",
        subcommands: [LeaseLookup.self, LeaseRenew.self, LeaseRevoke.self])
}
