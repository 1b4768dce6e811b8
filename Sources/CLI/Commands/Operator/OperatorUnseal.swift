internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer operator unseal`.
struct OperatorUnseal: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator unseal [options] [<key>]", "Give the server one key share. The last share that is needed unseals it.",
        notes: "Without an argument, the command asks for the share without showing it. `-` reads it from the standard input.",
        examples: "coffer operator unseal", "coffer operator unseal - < share", "coffer operator unseal -reset")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Discard the shares given so far.") var reset = false
    @Flag(help: "Migrate to the seal in the configuration with these shares.") var migrate = false
    @Argument(help: .init("The key share.", valueName: "key")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        if reset {
            try arguments.expect(0)
            let status = try await session.call("Error resetting unseal process") { try await $0.sys.resetUnseal() }
            return try SealStatusTable(status).write(to: session.printer)
        }
        try await Self.unseal(arguments, migrate: migrate, session: session)
    }

    static func unseal(_ arguments: [String], migrate: Bool, session: Session) async throws {
        let key = try KeyShare.read(arguments, name: "Unseal Key", session: session)
        let status = try await session.call("Error unsealing") { try await $0.sys.unseal(key: key, migrate: migrate) }
        try SealStatusTable(status).write(to: session.printer)
    }
}
