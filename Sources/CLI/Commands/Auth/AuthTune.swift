internal import ArgumentParser
internal import CofferClient
internal import Syntax

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
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        var body = try tuning.tuneBody()
        let rules = try lockout.config()
        if !rules.isEmpty { body["user_lockout_config"] = .object(rules) }
        try await session.call("Error tuning auth method \(path)/") { [body] in
            try await $0.request(.post, "sys/auth/\(path)/tune", body: .object(body))
        }
        try session.printer.success("Success! Tuned the auth method at: \(path)/")
    }
}
