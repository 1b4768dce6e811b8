internal import ArgumentParser
internal import CofferClient
internal import Syntax

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
