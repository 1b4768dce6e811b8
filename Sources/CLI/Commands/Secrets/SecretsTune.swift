internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct SecretsTune: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "tune", abstract: "Changes settings of a mounted secrets engine.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var tuning: MountTuning
    @Argument(help: ArgumentHelp("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let body = try tuning.tuneBody()
        try await session.call("Error tuning secrets engine \(path)/") {
            try await $0.request(.post, "sys/mounts/\(path)/tune", body: .object(body))
        }
        session.console.output("Success! Tuned the secrets engine at: \(path)/")
    }
}
