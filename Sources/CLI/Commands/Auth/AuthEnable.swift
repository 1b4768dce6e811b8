internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer auth enable`.
struct AuthEnable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth enable [options] <type>", "Enable an auth method.", examples: "coffer auth enable userpass",
        #"coffer auth enable -path=people -description="Staff" userpass"#)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var creation: MountCreation
    @OptionGroup var tuning: MountTuning
    @Argument(help: .init("The type of the method, such as userpass.", valueName: "type")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let type = ArgumentText.path(arguments[0])
        let (path, body) = try creation.request(type: type, tuning: tuning)
        try await session.call("Error enabling \(type) auth") {
            try await $0.request(.post, "sys/auth/\(path)", body: .object(body))
        }
        try session.printer.success("Success! Enabled \(type) auth method at: \(path)/")
    }
}
