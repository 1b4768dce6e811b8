internal import ArgumentParser
internal import CofferClient
internal import Syntax

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
        var rows = [
            ["Key Term", data["term"].map { ValueText.cell($0) } ?? ""],
            ["Install Time", data["install_time"].map { ValueText.cell($0) } ?? ""],
        ]
        if let count = data["encryptions"] { rows.append(["Encryption Count", ValueText.cell(count)]) }
        // Like Vault's client, without a header.
        guard session.printer.isTable else { return try session.printer.value(.object(data)) }
        session.console.output(Table.aligned(rows))
    }
}
