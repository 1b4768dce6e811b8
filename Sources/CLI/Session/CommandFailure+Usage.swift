internal import ArgumentParser

extension CommandFailure {
    /// The wrong number of arguments.
    /// - Parameter missing: the place of the first that is missing.
    static func arguments(_ message: String, missing: Int?) -> CommandFailure {
        var failure = local(message)
        failure.question = .usage(missing: missing)
        return failure
    }

    /// Names the argument that is missing, and shows how the command is used.
    mutating func explain(usageOf command: any ParsableCommand.Type) {
        guard case .usage(let missing) = question, let usage = command.configuration.usage else { return }
        let names = Self.arguments(in: usage)
        if let missing, missing < names.count { message += ": <\(names[missing])> is missing" }
        hint = "Usage: \(usage)"
    }

    /// The names in a usage line of what stands on its own; not the values of flags.
    private static func arguments(in usage: String) -> [String] {
        var names: [String] = []
        var last = UInt8(ascii: " ")
        var open: [UInt8]?
        for byte in usage.utf8 {
            if byte == UInt8(ascii: "<"), last != UInt8(ascii: "=") {
                open = []
            } else if byte == UInt8(ascii: ">"), let name = open {
                names.append(String(decoding: name, as: UTF8.self))
                open = nil
            } else {
                open?.append(byte)
            }
            last = byte
        }
        return names
    }
}
