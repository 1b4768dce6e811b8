internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct ServiceEnv: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Gives a project's secrets to a command as variables, or prints them.",
        discussion: """
            coffer service env -project=newsbot -env=prod -- ./newsbot --serve
            coffer service env -project=newsbot -env=prod -as=shell
            A secret's name becomes a variable's: db/password is db_password.
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: ServicePlace
    @Option(name: .customLong("as"), help: ArgumentHelp("dotenv, shell, json or yaml.", valueName: "form")) var form: String?
    @Flag(help: "Write the names in upper case.") var upper = false
    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("What to run, behind --.", valueName: "command")) var command: [String] = []

    func run(_ session: Session) async throws {
        let variables = try Self.variables(try await place.secrets(session), upper: upper)
        guard command.isEmpty else { throw try Self.execute(command, with: variables, in: session.system) }
        switch (form ?? global.format ?? "dotenv").lowercased() {
        case "dotenv", "table": session.console.outputExactly(variables.map { "\($0.name)=\(Self.dotenv($0.value))\n" }.joined())
        case "shell", "export":
            session.console.outputExactly(variables.map { "export \($0.name)=\(Self.shell($0.value))\n" }.joined())
        case "json", "yaml":
            try Printer(format: try OutputFormat(named: form ?? global.format ?? ""), console: session.console).value(
                .object(JSONObject(variables.map { .init(key: $0.name, value: .string($0.value)) })))
        default: throw CommandFailure.local("-as takes dotenv, shell, json or yaml")
        }
    }

    typealias Variable = (name: String, value: String)

    static func variables(_ secrets: [(path: String, value: JSON)], upper: Bool) throws(CommandFailure) -> [Variable] {
        var variables: [Variable] = []
        for secret in secrets {
            var name = String(
                String.UnicodeScalarView(
                    secret.path.unicodeScalars.map { scalar in
                        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)) ? scalar : "_"
                    }))
            if upper { name = name.uppercased() }
            if name.first?.isNumber == true { name = "_" + name }
            guard !variables.contains(where: { $0.name == name }) else {
                throw .local("Two secrets would become the variable \(name); export them from folders of their own")
            }
            let value = secret.value.stringValue ?? secret.value.encodedText
            guard !value.contains("\0") else { throw .local("The secret \(secret.path) has a NUL, which no variable can have") }
            variables.append((name, value))
        }
        return variables.sorted { $0.name < $1.name }
    }

    /// Read by `DotEnv` as it was written.
    static func dotenv(_ value: String) -> String {
        let plain = value.utf8.allSatisfy { byte in
            byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || "_-./:+=@%,".utf8.contains(byte)
        }
        if plain { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\", "\"", "$", "`": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    static func shell(_ value: String) -> String {
        "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// Becomes the command; returns only when that is impossible.
    private static func execute(
        _ command: [String], with variables: [Variable], in system: System
    ) throws -> CommandFailure {
        var environment = system.environment
        // The command gets its secrets and not the power to read all others.
        for name in ["VAULT_TOKEN", "COFFER_TOKEN"] { environment[name] = nil }
        for variable in variables { environment[variable.name] = variable.value }
        let reason = ProcessReplacement.replace(with: command, environment: environment)
        return CommandFailure(status: 127, message: "\(command[0]) cannot be run: \(reason)")
    }
}

extension JSON {
    fileprivate var encodedText: String { String(decoding: encoded(), as: UTF8.self) }
}
