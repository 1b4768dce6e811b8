internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer auth`, which groups commands.
struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "auth", "Manage auth methods.", examples: "coffer auth list", "coffer auth enable userpass",
        subcommands: [AuthEnable.self, AuthDisable.self, AuthList.self, AuthTune.self, AuthHelp.self])
}

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

/// The command `coffer auth disable`.
struct AuthDisable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth disable [options] <mount>", "Disable an auth method and revoke the tokens that it issued.",
        examples: "coffer auth disable userpass/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount, such as userpass/.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try await MountKind.auth.disable(arguments.onlyPath(), session)
    }
}

/// The command `coffer auth list`.
struct AuthList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth list [options]", "List the auth methods.", examples: "coffer auth list", "coffer auth list -detailed")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show TTLs, options and more.") var detailed = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let mounts = try await session.call("Error listing enabled authentications") { try await $0.sys.authMounts() }
        try MountKind.auth.write(mounts, isDetailed: detailed, to: session)
    }
}

/// The command `coffer auth tune`.
struct AuthTune: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth tune [options] <mount>", "Change settings of an auth method.",
        examples: "coffer auth tune -default-lease-ttl=1h userpass/",
        "coffer auth tune -user-lockout-threshold=10 -user-lockout-duration=5m userpass/",
        "coffer auth tune -description= userpass/      # removes the description")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var tuning: MountTuning
    @OptionGroup var lockout: LockoutTuning
    @Argument(help: .init("The mount, such as userpass/.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let path = try arguments.onlyPath()
        var body = try tuning.tuneBody()
        let rules = try lockout.config()
        if !rules.isEmpty { body["user_lockout_config"] = .object(rules) }
        try await MountKind.auth.tune(path, body, on: session)
    }
}

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
        let path = try arguments.onlyPath()
        if !arguments[0].ends(with: "/"), let usage = LoginMethods.usage(of: path) {
            return try session.printer.text(usage, as: "help")
        }
        let text = try await session.call("Error retrieving help") { try await $0.help("auth/\(path)") }
        guard !text.isEmpty else { throw CommandFailure.server("No help found for auth/\(path)/") }
        let whole = [await loginUsage(at: path, session), text].compactMap { $0 }.joined(separator: "\n\n")
        try session.printer.text(whole, as: "help")
    }

    /// Returns how to log in with a mounted method, or nil if the token may not list the mounts.
    private func loginUsage(at path: String, _ session: Session) async -> String? {
        let mounts = try? await session.lookupClient().sys.authMounts()
        return mounts?[path + "/"]?["type"]?.stringValue.flatMap(LoginMethods.usage)
    }
}
