internal import ArgumentParser

/// The command `coffer lease`, which groups commands.
struct LeaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "lease", "Look up, renew and revoke leases.", examples: "coffer lease lookup database/creds/app/2f6a614c…",
        subcommands: [LeaseLookup.self, LeaseRenew.self, LeaseRevoke.self])
}
