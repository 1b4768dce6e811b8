internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer operator`, which groups commands.
struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "operator", "Initialize, seal and unseal the server, and change its keys.", examples: "coffer operator init",
        "coffer operator unseal",
        subcommands: [
            OperatorInit.self, OperatorUnseal.self, OperatorSeal.self, OperatorKeyStatus.self, OperatorRotate.self,
            OperatorGenerateRoot.self, OperatorRekey.self, OperatorSealMigrate.self, OperatorOwnerTables.self,
        ])
}

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

/// The command `coffer operator seal-migrate`.
struct OperatorSealMigrate: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator seal-migrate [options] [<key>]", "Migrate the server to another seal.",
        notes: """
            To migrate to a static seal, add its `seal` block to the configuration. To migrate back to key shares, keep the \
            block and add `disabled = "true"` to it. Restart the server, and give the key shares (or recovery keys) of the \
            current seal with this command, once each, until the threshold is met. Same as `coffer operator unseal -migrate`.
            """,
        examples: "coffer operator seal-migrate")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The key share.", valueName: "key")) var arguments: [String] = []

    func run(_ session: Session) async throws { try await OperatorUnseal.unseal(arguments, migrate: true, session: session) }
}

/// The command `coffer operator seal`.
struct OperatorSeal: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator seal [options]", "Seal the server: it discards its keys and refuses requests until it is unsealed.",
        examples: "coffer operator seal")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        try await session.call("Error sealing") { try await $0.sys.seal() }
        try session.printer.success("Success! Coffer is sealed.")
    }
}

/// The command `coffer operator key-status`.
struct OperatorKeyStatus: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator key-status [options]", "Show the encryption key in use.", examples: "coffer operator key-status")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        try await Self.write(to: session)
    }

    static func write(to session: Session) async throws {
        let answer = try await session.call("Error reading key status") { try await $0.request(.get, "sys/key-status").object() }
        let data = answer["data"]?.objectValue ?? answer
        var rows = [["Key Term", ValueText.cell(data["term"])], ["Install Time", ValueText.cell(data["install_time"])]]
        if let count = data["encryptions"] { rows.append(["Encryption Count", ValueText.cell(count)]) }
        // Like Vault's client, without a header.
        guard session.printer.isTable else { return try session.printer.value(.object(data)) }
        session.console.output(Table.aligned(rows))
    }
}

/// The command `coffer operator rotate`.
struct OperatorRotate: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator rotate [options]", "Rotate the encryption key. New data is encrypted with the new key.",
        examples: "coffer operator rotate")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        try await session.call("Error rotating key") { try await $0.request(.put, "sys/rotate") }
        if session.printer.isTable { session.console.output("Success! Rotated key\n\n") }
        try await OperatorKeyStatus.write(to: session)
    }
}

/// A key share for an attempt that is in progress.
struct KeyShare {
    /// The nonce of the attempt.
    let nonce: String?
    /// The progress of the attempt before the share is given.
    let status: JSONObject

    /// Gives a share to the server, and warns if it does not count, because it was given before.
    func give(_ key: String, to path: String, doing: String, session: Session) async throws -> JSONObject {
        let body: JSON = ["key": .string(key), "nonce": .optional(nonce)]
        let answer = try await session.call(doing) { try await $0.request(.put, path, body: body).object() }
        if answer["complete"]?.boolValue != true, let progress = answer["progress"]?.intValue, progress > 0,
            progress == status["progress"]?.intValue
        {
            session.console.error("WARNING! This share was given before, so it does not count again.")
        }
        return answer
    }

    /// Returns the share in the only argument, or asks for it on the terminal.
    static func read(_ arguments: [String], name: String, session: Session) throws(CommandFailure) -> String {
        try arguments.expect(0...1)
        guard let argument = arguments.first else {
            return try session.askHidden(name, instead: "give it as an argument, or on the standard input with `-`")
        }
        let text = ArgumentText.trimmed(argument == "-" ? try session.system.input.text(of: "-") : argument)
        guard !text.isEmpty else { throw .local("The key share is empty") }
        return text
    }
}
