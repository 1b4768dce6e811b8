internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer auth help`.
struct AuthHelp: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth help [options] <method or mount>",
        "Explain how to log in with an auth method, or list the paths of a mounted method.",
        examples: "coffer auth help userpass        # explains the method, whether mounted or not",
        "coffer auth help people/         # explains the method mounted at auth/people/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The name of a method, or a mount with a slash at the end.", valueName: "method or path"))
    var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        if !arguments[0].ends(with: "/"), let usage = LoginMethods.usage(of: path) { return try write(usage, to: session) }
        let text = try await session.call("Error retrieving help") { try await $0.help("auth/\(path)") }
        guard !text.isEmpty else { throw CommandFailure.server("No help found for auth/\(path)/") }
        try write([await loginUsage(at: path, session), text].compactMap { $0 }.joined(separator: "\n\n"), to: session)
    }

    /// Returns how to log in with a mounted method, or nil if the token may not list the mounts.
    private func loginUsage(at path: String, _ session: Session) async -> String? {
        let mounts = try? await session.lookupClient().sys.authMounts()
        return mounts?[path + "/"]?["type"]?.stringValue.flatMap(LoginMethods.usage)
    }

    private func write(_ text: String, to session: Session) throws {
        if session.printer.isTable { session.console.output(text) } else { try session.printer.value(["help": .string(text)]) }
    }
}
