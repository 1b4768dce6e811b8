internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer secrets tune`.
struct SecretsTune: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets tune [options] <mount>", "Change settings of a secrets engine.",
        examples: "coffer secrets tune -max-lease-ttl=12h database/",
        "coffer secrets tune -description= database/      # removes the description")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var tuning: MountTuning
    @Argument(help: .init("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let body = try tuning.tuneBody()
        try await session.call("Error tuning secrets engine \(path)/") {
            try await $0.request(.post, "sys/mounts/\(path)/tune", body: .object(body))
        }
        try session.printer.success("Success! Tuned the secrets engine at: \(path)/")
    }
}
