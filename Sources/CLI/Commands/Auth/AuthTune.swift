internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct AuthTune: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "tune", abstract: "Changes settings of a mounted auth method.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var tuning: MountTuning
    @Argument(help: ArgumentHelp("The mount, such as userpass/.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let body = try tuning.tuneBody()
        try await session.call("Error tuning auth method \(path)/") {
            try await $0.request(.post, "sys/auth/\(path)/tune", body: .object(body))
        }
        session.console.output("Success! Tuned the auth method at: \(path)/")
    }
}
