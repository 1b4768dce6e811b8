internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer operator rekey`.
struct OperatorRekey: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator rekey [options] [<key>]", "Generate new unseal keys with a quorum of the current ones.",
        examples: "coffer operator rekey -init -key-shares=5 -key-threshold=3",
        "coffer operator rekey             # once for each current share; the last shows the new ones",
        "coffer operator rekey -init -target=recovery",
        "coffer operator rekey -verify     # once for each new share, to confirm them")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: .customLong("init"), help: "Start a rekey.") var start = false
    @Flag(help: "Cancel the rekey.") var cancel = false
    @Flag(help: "Show the progress.") var status = false
    @Flag(help: "With -init, require that the new shares are given before they replace the old ones. Otherwise, give a new share.")
    var verify = false
    @Option(name: [.long, .customLong("n")], help: .init("Number of new shares.", valueName: "number")) var keyShares = 5
    @Option(name: [.long, .customLong("t")], help: .init("Number of new shares that are needed to unseal.", valueName: "number"))
    var keyThreshold = 3
    @Option(help: .init("The nonce of the attempt that the share is for.", valueName: "text")) var nonce: String?
    @Option(help: "barrier, or recovery for a seal that unseals automatically.") var target = "barrier"
    @Argument(help: .init("A key share.", valueName: "key")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        guard ["barrier", "recovery", "hsm"].contains(target) else {
            throw CommandFailure.local("-target must be barrier or recovery")
        }
        if cancel {
            let path = verify ? "\(base)/verify" : "\(base)/init"
            try await session.call("Error canceling rekey") { try await $0.request(.delete, path) }
            return try session.printer.success("Success! Canceled rekeying (if it was started)")
        }
        if start {
            let body: JSON = [
                "secret_shares": .int(keyShares), "secret_threshold": .int(keyThreshold), "require_verification": .bool(verify),
            ]
            let answer = try await session.call("Error initializing rekey") { client in
                // Some servers answer with the status, others without content.
                let response = try await client.request(.put, "\(base)/init", body: body)
                return try response.body.isEmpty ? await client.request(.get, "\(base)/init").object() : response.object()
            }
            return try write(answer, to: session)
        }
        if status { return try write(try await current(session), to: session) }
        try await giveShare(session)
    }

    private var base: String { target == "barrier" ? "sys/rekey" : "sys/rekey-recovery-key" }

    private func current(_ session: Session) async throws -> JSONObject {
        try await session.call("Error getting rekey status") {
            try await $0.request(.get, verify ? "\(base)/verify" : "\(base)/init").object()
        }
    }

    private func giveShare(_ session: Session) async throws {
        let status = try await current(session)
        guard nonce.unlessEmpty != nil || status["started"]?.boolValue == true else {
            throw CommandFailure.local("No rekey is in progress. Start one with `coffer operator rekey -init`.")
        }
        let verification = verify ? status["verification_nonce"]?.stringValue.unlessEmpty : nil
        let share = KeyShare(nonce: nonce.unlessEmpty ?? verification ?? status["nonce"]?.stringValue, status: status)
        let key = try KeyShare.read(arguments, name: verify ? "New Unseal Key" : "Unseal Key", session: session)
        let answer = try await share.give(
            key, to: verify ? "\(base)/verify" : "\(base)/update", doing: "Error posting key", session: session)
        guard session.printer.isTable, answer["complete"]?.boolValue == true else { return try write(answer, to: session) }
        writeKeys(answer, to: session)
    }

    private func write(_ answer: JSONObject, to session: Session) throws {
        guard session.printer.isTable else { return try session.printer.value(.object(answer)) }
        func text(_ name: String) -> String { ValueText.cell(answer[name]) }
        var rows = [["Nonce", text("nonce")]]
        if !text("started").isEmpty { rows.append(["Started", text("started")]) }
        if answer["started"]?.boolValue == true {
            // With -init -verify the verification has not started, so the progress is that of the rekey.
            let isVerifying = verify && !start
            rows.append([
                isVerifying ? "Verification Progress" : "Rekey Progress",
                "\(text("progress"))/\(text(isVerifying ? "t" : "required"))",
            ])
            rows += [["New Shares", text("n")], ["New Threshold", text("t")]]
            if answer["verification_required"] != nil { rows.append(["Verification Required", text("verification_required")]) }
            if !text("verification_nonce").isEmpty { rows.append(["Verification Nonce", text("verification_nonce")]) }
        }
        session.console.output(Table(header: ["Key", "Value"], rows: rows).text)
    }

    private func writeKeys(_ answer: JSONObject, to session: Session) {
        let keys = answer["keys_base64"]?.arrayValue?.compactMap(\.stringValue) ?? []
        var lines = keys.enumerated().map { "Key \($0 + 1): \($1)" }
        if !lines.isEmpty { lines.append("") }
        if let nonce = answer["nonce"]?.stringValue { lines += ["Operation nonce: \(nonce)", ""] }
        if answer["verification_required"]?.boolValue == true {
            lines.append(
                "The old keys are still valid. Give the new ones with `coffer operator rekey -verify` to replace the old ones.")
        } else if keys.isEmpty {
            lines.append("Success! The new keys have replaced the old ones.")
        } else {
            lines.append(
                "The new keys have replaced the old ones. They are shown only now and are not stored: give each to a different person."
            )
        }
        session.console.output(lines.joined(separator: "\n"))
    }
}
