internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer operator generate-root`.
struct OperatorGenerateRoot: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator generate-root [options] [<key>]", "Generate a new root token with a quorum of key shares.",
        examples: "coffer operator generate-root -init   # shows a one-time password (OTP): keep it",
        "coffer operator generate-root         # once for each share; the last shows the encoded token",
        "coffer operator generate-root -decode=ENCODED -otp=OTP")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: .customLong("init"), help: "Start an attempt.") var start = false
    @Flag(help: "Cancel the attempt.") var cancel = false
    @Flag(help: "Show the progress of the attempt.") var status = false
    @Flag(help: "Print a one-time password for -init.") var generateOTP = false
    @Option(help: .init("The encoded token to decode. Requires -otp.", valueName: "text")) var decode: String?
    @Option(help: .init("The one-time password.", valueName: "text")) var otp: String?
    @Option(help: .init("The nonce of the attempt that the share is for.", valueName: "text")) var nonce: String?
    @Argument(help: .init("A key share.", valueName: "key")) var arguments: [String] = []

    private static let path = "sys/generate-root/attempt"

    func run(_ session: Session) async throws {
        if let decode = decode.unlessEmpty { return try writeDecoded(decode, to: session) }
        if generateOTP { return try await writePassword(session) }
        if cancel {
            try await session.call("Error canceling root token generation") { try await $0.request(.delete, Self.path) }
            return try session.printer.success("Success! Root token generation canceled (if it was started)")
        }
        let answer: JSONObject
        if start {
            let body: JSON = otp.unlessEmpty.map { ["otp": .string($0)] } ?? [:]
            answer = try await session.call("Error starting root token generation") {
                try await $0.request(.put, Self.path, body: body).object()
            }
        } else if status {
            answer = try await current(session)
        } else {
            answer = try await giveShare(session)
        }
        try write(answer, to: session)
    }

    private func current(_ session: Session) async throws -> JSONObject {
        try await session.call("Error getting root generation status") { try await $0.request(.get, Self.path).object() }
    }

    private func giveShare(_ session: Session) async throws -> JSONObject {
        let status = try await current(session)
        guard nonce.unlessEmpty != nil || status["started"]?.boolValue == true else {
            throw CommandFailure.local(
                "No root token generation is in progress. Start one with `coffer operator generate-root -init`.")
        }
        let share = KeyShare(nonce: nonce.unlessEmpty ?? status["nonce"]?.stringValue, status: status)
        let key = try KeyShare.read(arguments, name: "Unseal Key", session: session)
        return try await share.give(key, to: "sys/generate-root/update", doing: "Error posting unseal key", session: session)
    }

    private func write(_ answer: JSONObject, to session: Session) throws {
        func text(_ name: String) -> String { ValueText.cell(answer[name]) }
        var rows = [
            ["Nonce", text("nonce")], ["Started", text("started")], ["Progress", "\(text("progress"))/\(text("required"))"],
            ["Complete", text("complete")],
        ]
        let encoded = text("encoded_root_token").isEmpty ? text("encoded_token") : text("encoded_root_token")
        if !encoded.isEmpty { rows.append(["Encoded Token", encoded]) }
        if !text("otp").isEmpty { rows.append(["OTP", text("otp")]) }
        if !text("otp_length").isEmpty { rows.append(["OTP Length", text("otp_length")]) }
        guard session.printer.isTable else { return try session.printer.value(.object(answer)) }
        session.console.output(Table.aligned(rows))
        if !text("otp").isEmpty {
            session.console.error("\nKeep the OTP: the new root token cannot be decoded without it, and it is not shown again.")
        }
        if answer["complete"]?.boolValue == true {
            session.console.error("\nDecode the token: coffer operator generate-root -decode=\(encoded) -otp=OTP")
        }
    }

    /// Prints a one-time password of the length that the server asks for, which is that of a token.
    private func writePassword(_ session: Session) async throws {
        let length = try await current(session)["otp_length"]?.intValue ?? 0
        guard (16...1_024).contains(length) else {
            throw CommandFailure.server("The server did not say how long the one-time password must be")
        }
        let letters = Array(ASCII.lettersAndDigits)
        // The system's generator is cryptographically secure.
        var random = SystemRandomNumberGenerator()
        let password = String((0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
        try session.printer.text(password, as: "otp")
    }

    private func writeDecoded(_ encoded: String, to session: Session) throws {
        guard let otp = otp.unlessEmpty else { throw CommandFailure.local("Give the one-time password with -otp") }
        let text = ArgumentText.trimmed(encoded == "-" ? try session.system.input.text(of: "-") : encoded)
        let token = try Self.decoded(text, otp: otp)
        try session.printer.text(token, as: "token")
    }

    /// Returns the token, which is encoded by an exclusive or of each byte with the password.
    static func decoded(_ encoded: String, otp: String) throws(CommandFailure) -> String {
        // The text may have been copied with or without its padding.
        var digits = encoded[...]
        while digits.hasUTF8Suffix("=") { digits = digits.dropLastUTF8() }
        guard let bytes = Base64.decode(digits, allowing: [.anyAlphabet, .strayBits]) else {
            throw .local("The encoded token is not valid base64")
        }
        guard bytes.count == otp.utf8.count else { throw .local("The one-time password is not as long as the encoded token") }
        let token = zip(bytes, otp.utf8).map { $0 ^ $1 }
        guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .local("The one-time password does not belong to the encoded token")
        }
        return String(decoding: token, as: UTF8.self)
    }
}
