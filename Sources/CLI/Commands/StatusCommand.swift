internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer status`.
struct StatusCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer status [options]", "Show whether the server is initialized and unsealed.",
        notes: "The exit status is 0 if the server serves requests, 2 if it is sealed or cannot serve any, and 1 on an error.",
        examples: "coffer status", "coffer status -format=json")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        do {
            var status = try await session.call("Error checking seal status") { try await $0.sys.sealStatus() }
            let isSealed = status["sealed"]?.boolValue ?? true
            if !isSealed, let leader = try? await session.call("", { try await $0.request(.get, "sys/leader").object() }) {
                for name in ["ha_enabled", "is_self", "leader_address", "leader_cluster_address"] { status[name] = leader[name] }
            }
            try SealStatusTable(status).write(to: session.printer)
            // A node that cannot serve requests is not ready, even if it is unsealed.
            if isSealed || status["unavailable"] != nil { throw CommandFailure.quiet(2) }
        } catch var failure as CommandFailure where !failure.message.isEmpty {
            failure.status = 1
            throw failure
        }
    }
}
