internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct OperatorUnseal: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "unseal", abstract: "Gives the server one key share; the last one needed unseals it.",
        discussion: "Without an argument the share is asked for and not shown. `-` reads it from the standard input.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Discard the shares given so far.") var reset = false
    @Flag(help: "Move to the seal of the configuration with these shares.") var migrate = false
    @Argument(help: ArgumentHelp("The key share.", valueName: "key")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        if reset {
            try arguments.expect(0)
            let status = try await session.call("Error resetting unseal process") { try await $0.sys.resetUnseal() }
            return try SealStatusTable(status).write(to: session.printer)
        }
        try await Self.unseal(arguments, migrate: migrate, session)
    }

    static func unseal(_ arguments: [String], migrate: Bool, _ session: Session) async throws {
        let key = try KeyShare.read(arguments, name: "Unseal Key", session)
        let status = try await session.call("Error unsealing") { try await $0.sys.unseal(key: key, migrate: migrate) }
        try SealStatusTable(status).write(to: session.printer)
    }
}
