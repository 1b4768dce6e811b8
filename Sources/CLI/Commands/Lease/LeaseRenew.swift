internal import ArgumentParser
internal import CofferClient
internal import Syntax

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
