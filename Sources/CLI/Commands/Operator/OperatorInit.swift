internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct OperatorInit: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Initialize a new server, and show its unseal keys and root token once.",
        usage: "coffer operator init [options]",
        discussion: """
            A server that opens by itself has recovery keys in place of unseal keys.

            Examples:
              $ coffer operator init -key-shares=5 -key-threshold=3
              $ coffer operator init -recovery-shares=3 -recovery-threshold=2
              $ coffer operator init -status
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(
        name: [.customLong("key-shares"), .customLong("n")],
        help: ArgumentHelp("Number of shares of the unseal key. (default: 5)", valueName: "number"))
    var keyShares: Int?
    @Option(
        name: [.customLong("key-threshold"), .customLong("t")],
        help: ArgumentHelp("Number of them that unseal the server. (default: 3)", valueName: "number"))
    var keyThreshold: Int?
    @Option(
        help: ArgumentHelp(
            "Number of shares of the recovery key, where the server opens by itself. (default: 5)", valueName: "number"))
    var recoveryShares: Int?
    @Option(help: ArgumentHelp("Number of them that recover. (default: 3)", valueName: "number")) var recoveryThreshold: Int?
    @Flag(help: "Only tell whether the server is initialized: exit status 0 if it is, 2 if not.") var status = false
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

    private struct Options {
        var isRecovery: Bool
        var shares: Int
        var threshold: Int

        var body: JSONObject {
            let kind = isRecovery ? "recovery" : "secret"
            return ["\(kind)_shares": .int(shares), "\(kind)_threshold": .int(threshold)]
        }
    }

    /// The kind of seal decides which shares are made; numbers for the other kind would be ignored, so they are refused.
    private func options(_ session: Session) async throws -> Options {
        let status = try await session.lookupClient().sys.sealStatus()
        let type = status["type"]?.stringValue ?? "shamir"
        let isRecovery = status["recovery_seal"]?.boolValue == true || type != "shamir"
        if isRecovery {
            guard keyShares == nil, keyThreshold == nil else {
                throw CommandFailure.local(
                    "This server opens by itself (seal \(type)), so there is no unseal key to split. "
                        + "Give -recovery-shares and -recovery-threshold for the recovery key.")
            }
            return Options(
                isRecovery: true, shares: recoveryShares ?? 5, threshold: recoveryThreshold ?? min(recoveryShares ?? 3, 3))
        }
        guard recoveryShares == nil, recoveryThreshold == nil else {
            throw CommandFailure.local(
                "This server is opened with key shares, so there is no recovery key. Give -key-shares and -key-threshold.")
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
                The unseal key was split into \(shares.count) shares; any \(threshold) of them unseal the server. They are shown this
                once and stored nowhere: give each to a different person. With fewer than \(threshold) left, what the server
                holds can never be read again. `coffer operator rekey` makes new shares while \(threshold) are at hand.
                """)
        } else {
            lines.append(
                """
                The server unseals by itself. The recovery key was split into \(recovery.count) shares, shown this once and stored nowhere;
                any \(options.threshold) of them allow a new root token or new keys. Give each to a different person.
                """)
        }
        session.console.output(lines.joined(separator: "\n"))
    }

    /// The names that scripts know.
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
