internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer lease`, which groups commands.
struct LeaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "lease", "Look up, renew and revoke leases.", examples: "coffer lease lookup database/creds/app/2f6a614c…",
        subcommands: [LeaseLookup.self, LeaseRenew.self, LeaseRevoke.self])
}

/// The command `coffer lease lookup`.
struct LeaseLookup: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer lease lookup [options] <lease id>", "Show when a lease was issued and renewed, and when it expires.",
        examples: "coffer lease lookup database/creds/app/2f6a614c…")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The id of the lease.", valueName: "lease id")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let id = arguments[0]
        let response = try await session.call("Error looking up lease id \(id)") {
            try await $0.request(.put, "sys/leases/lookup", body: ["lease_id": .string(id)])
        }
        try Answer(response).write(to: session, path: "sys/leases/lookup", field: field)
    }
}

/// The command `coffer lease renew`.
struct LeaseRenew: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer lease renew [options] <lease id>", "Renew a lease.", examples: "coffer lease renew database/creds/app/2f6a614c…",
        "coffer lease renew -increment=1h database/creds/app/2f6a614c…")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(
        name: [.long, .customLong("i")], help: .init("The lifetime to request; the server may grant less.", valueName: "duration"))
    var increment: String?
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The id of the lease.", valueName: "lease id")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let id = arguments[0]
        guard let seconds = DurationText.seconds(increment.unlessEmpty ?? "0") else {
            throw CommandFailure.local("-increment must be a duration, such as 60s")
        }
        let response = try await session.call("Error renewing \(id)") {
            try await $0.request(.put, "sys/leases/renew", body: ["lease_id": .string(id), "increment": .int(seconds)])
        }
        try Answer(response).write(to: session, path: "sys/leases/renew", field: field)
    }
}

/// The command `coffer lease revoke`.
struct LeaseRevoke: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer lease revoke [options] <lease id>", "Revoke leases and the credentials issued with them.",
        examples: "coffer lease revoke database/creds/app/2f6a614c…", "coffer lease revoke -prefix database/creds",
        "coffer lease revoke -force -prefix database/creds")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Remove the leases even if they cannot be revoked. Requires -prefix.") var force = false
    @Flag(help: "Revoke all leases below the path that the argument names.") var prefix = false
    @Flag(help: "Wait until the revocation is complete.") var sync = false
    @Argument(help: .init("The id of the lease, or with -prefix a path.", valueName: "lease id")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        guard prefix || !force else { throw CommandFailure.local("-force requires -prefix") }
        let id = prefix ? try ArgumentText.requiredPath(arguments[0]) : arguments[0]
        guard !id.isEmpty else { throw CommandFailure.local("Give the id of the lease to revoke, or a path with -prefix") }
        if force {
            session.console.error(
                "Warning! The credentials of leases that are removed with -force can remain valid in the target system.\n")
            let path = "sys/leases/revoke-force/" + id
            try await session.call("Error force revoking leases with prefix \(id)") { try await $0.request(.put, path) }
            try session.printer.success("Success! Force revoked any leases with prefix: \(id)")
            return
        }
        let path = prefix ? "sys/leases/revoke-prefix/" + id : "sys/leases/revoke"
        var body: JSONObject = ["sync": .bool(sync)]
        if !prefix { body["lease_id"] = .string(id) }
        let doing = prefix ? "Error revoking leases with prefix \(id)" : "Error revoking lease \(id)"
        try await session.call(doing) { [body] in try await $0.request(.put, path, body: .object(body)) }
        guard sync else {
            return try session.printer.success(
                "Success! Queued the revocation of \(prefix ? "any leases with prefix" : "lease"): \(id)")
        }
        try session.printer.success(prefix ? "Success! Revoked any leases with prefix: \(id)" : "Success! Revoked lease: \(id)")
    }
}
