internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct OperatorInit: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Sets a new server up and shows its unseal keys and root token, this once.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(
        name: [.customLong("key-shares"), .customLong("n")],
        help: ArgumentHelp("Into how many shares the unseal key is split: 5.", valueName: "number"))
    var keyShares: Int?
    @Option(
        name: [.customLong("key-threshold"), .customLong("t")],
        help: ArgumentHelp("How many of them unseal the server: 3.", valueName: "number"))
    var keyThreshold: Int?
    @Option(help: ArgumentHelp("Shares of the recovery key, with a seal that opens by itself.", valueName: "number"))
    var recoveryShares: Int?
    @Option(help: ArgumentHelp("How many of them it takes.", valueName: "number")) var recoveryThreshold: Int?
    @Flag(help: "Only tell whether the server is initialized: exit status 0 if it is, 2 if not.") var status = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        if status { return try await writeStatus(session) }
        let answer = try await session.call("Error initializing") { client in
            try await client.sys.initialize(try await options(session))
        }
        guard session.printer.isTable else { return try session.printer.value(.object(forPrograms(answer))) }
        writeKeys(answer, to: session)
    }

    private func writeStatus(_ session: Session) async throws {
        let isInitialized = try await session.call("Error checking init status") { try await $0.sys.isInitialized() }
        if session.printer.isTable {
            session.console.output(isInitialized ? "Coffer is initialized" : "Coffer is not initialized")
        } else {
            try session.printer.value(["Initialized": .bool(isInitialized)])
        }
        if !isInitialized { throw CommandFailure.quiet(2) }
    }

    /// The kind of seal decides which shares are made.
    private func options(_ session: Session) async throws(ClientError) -> JSONObject {
        let isRecovery = try await session.lookupClient().sys.sealStatus()["recovery_seal"]?.boolValue ?? false
        if isRecovery {
            return ["recovery_shares": .int(recoveryShares ?? 5), "recovery_threshold": .int(recoveryThreshold ?? 3)]
        }
        return ["secret_shares": .int(keyShares ?? 5), "secret_threshold": .int(keyThreshold ?? 3)]
    }

    private func keys(_ answer: JSONObject, _ name: String) -> [String] {
        answer[name]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    private func writeKeys(_ answer: JSONObject, to session: Session) {
        let shares = keys(answer, "keys_base64")
        let recovery = keys(answer, "recovery_keys_base64")
        var lines = shares.enumerated().map { "Unseal Key \($0 + 1): \($1)" }
        if !shares.isEmpty, !recovery.isEmpty { lines.append("") }
        lines += recovery.enumerated().map { "Recovery Key \($0 + 1): \($1)" }
        lines += ["", "Initial Root Token: \(answer["root_token"]?.stringValue ?? "")", ""]
        if recovery.isEmpty {
            let threshold = keyThreshold ?? 3
            lines.append(
                """
                The unseal key was split into \(shares.count) shares; any \(threshold) of them unseal the server. They are shown this
                once and stored nowhere: give each to a different person. With fewer than \(threshold) left, what the server
                holds can never be read again. `coffer operator rekey` makes new shares while \(threshold) are at hand.
                """)
        } else {
            lines.append(
                """
                The server unseals by itself. The recovery keys are shown this once: they allow new root tokens and new keys.
                """)
        }
        session.console.output(lines.joined(separator: "\n"))
    }

    /// The names that scripts know.
    private func forPrograms(_ answer: JSONObject) -> JSONObject {
        let shares = keys(answer, "keys").count
        let recovery = keys(answer, "recovery_keys").count
        return [
            "unseal_keys_b64": answer["keys_base64"] ?? [],
            "unseal_keys_hex": answer["keys"] ?? [],
            "unseal_shares": .int(shares),
            "unseal_threshold": .int(shares == 0 ? 0 : keyThreshold ?? 3),
            "recovery_keys_b64": answer["recovery_keys_base64"] ?? [],
            "recovery_keys_hex": answer["recovery_keys"] ?? [],
            "recovery_keys_shares": .int(recovery),
            "recovery_keys_threshold": .int(recovery == 0 ? 0 : recoveryThreshold ?? 3),
            "root_token": answer["root_token"] ?? "",
        ]
    }
}
