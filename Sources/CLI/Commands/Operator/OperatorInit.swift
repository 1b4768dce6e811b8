internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer operator init`.
struct OperatorInit: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator init [options]", "Initialize a new server, and show its unseal keys and root token once.",
        notes: "A server that unseals automatically has recovery keys instead of unseal keys.",
        examples: "coffer operator init -key-shares=5 -key-threshold=3",
        "coffer operator init -recovery-shares=3 -recovery-threshold=2", "coffer operator init -status")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(name: [.long, .customLong("n")], help: .init("Number of shares of the unseal key. (default: 5)", valueName: "number"))
    var keyShares: Int?
    @Option(
        name: [.long, .customLong("t")],
        help: .init("Number of shares that are needed to unseal the server. (default: 3)", valueName: "number"))
    var keyThreshold: Int?
    @Option(
        help: .init(
            "Number of shares of the recovery key, for a server that unseals automatically. (default: 5)", valueName: "number"))
    var recoveryShares: Int?
    @Option(help: .init("Number of recovery shares that are needed. (default: 3)", valueName: "number")) var recoveryThreshold: Int?
    @Flag(help: "Only show whether the server is initialized. The exit status is 0 if it is and 2 if not.") var status = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        if status { return try await writeStatus(session) }
        let options: Options = try await session.call("Error reading the seal's kind") { _ in try await self.options(session) }
        let answer = try await session.call("Error initializing") { try await $0.sys.initialize(options.body) }
        guard session.printer.isTable else { return try session.printer.value(.object(forPrograms(answer, options))) }
        writeKeys(answer, options, to: session)
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

    /// The numbers of shares to ask the server for.
    private struct Options {
        var isRecovery: Bool
        var shares: Int
        var threshold: Int

        var body: JSONObject {
            let kind = isRecovery ? "recovery" : "secret"
            return ["\(kind)_shares": .int(shares), "\(kind)_threshold": .int(threshold)]
        }
    }

    /// Returns the numbers of shares for the kind of seal that the server has. Numbers for the other kind are refused, because the server
    /// would ignore them.
    private func options(_ session: Session) async throws -> Options {
        let status = try await session.lookupClient().sys.sealStatus()
        let type = status["type"]?.stringValue ?? "shamir"
        let isRecovery = status["recovery_seal"]?.boolValue == true || type != "shamir"
        if isRecovery {
            guard keyShares == nil, keyThreshold == nil else {
                throw CommandFailure.local(
                    "This server unseals automatically (seal \(type)), so it has no unseal key to split. "
                        + "Give -recovery-shares and -recovery-threshold for the recovery key.")
            }
            return Options(
                isRecovery: true, shares: recoveryShares ?? 5, threshold: recoveryThreshold ?? min(recoveryShares ?? 3, 3))
        }
        guard recoveryShares == nil, recoveryThreshold == nil else {
            throw CommandFailure.local(
                "This server is unsealed with key shares, so it has no recovery key. Give -key-shares and -key-threshold.")
        }
        return Options(isRecovery: false, shares: keyShares ?? 5, threshold: keyThreshold ?? min(keyShares ?? 3, 3))
    }

    private func keys(_ answer: JSONObject, _ name: String) -> [String] {
        answer[name]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    private func writeKeys(_ answer: JSONObject, _ options: Options, to session: Session) {
        let shares = keys(answer, "keys_base64")
        let recovery = keys(answer, "recovery_keys_base64")
        var lines = shares.enumerated().map { "Unseal Key \($0 + 1): \($1)" }
        if !shares.isEmpty, !recovery.isEmpty { lines.append("") }
        lines += recovery.enumerated().map { "Recovery Key \($0 + 1): \($1)" }
        lines += ["", "Initial Root Token: \(answer["root_token"]?.stringValue ?? "")", ""]
        if recovery.isEmpty {
            let threshold = options.threshold
            lines.append(
                """
                The unseal key was split into \(shares.count) shares, of which any \(threshold) unseal the server. They are shown only
                now and are not stored: give each to a different person. If fewer than \(threshold) are left, the data of the
                server is lost. As long as \(threshold) are left, `coffer operator rekey` creates new shares.
                """)
        } else {
            lines.append(
                """
                The server unseals automatically. The recovery key was split into \(recovery.count) shares, of which any
                \(options.threshold) authorize a new root token or new keys. They are shown only now and are not stored: give each
                to a different person.
                """)
        }
        session.console.output(lines.joined(separator: "\n"))
    }

    /// Returns the answer with the names that Vault's client uses.
    private func forPrograms(_ answer: JSONObject, _ options: Options) -> JSONObject {
        let shares = keys(answer, "keys").count
        let recovery = keys(answer, "recovery_keys").count
        return [
            "unseal_keys_b64": answer["keys_base64"] ?? [],
            "unseal_keys_hex": answer["keys"] ?? [],
            "unseal_shares": .int(shares),
            "unseal_threshold": .int(shares == 0 ? 0 : options.threshold),
            "recovery_keys_b64": answer["recovery_keys_base64"] ?? [],
            "recovery_keys_hex": answer["recovery_keys"] ?? [],
            "recovery_keys_shares": .int(recovery),
            "recovery_keys_threshold": .int(recovery == 0 ? 0 : options.threshold),
            "root_token": answer["root_token"] ?? "",
        ]
    }
}
