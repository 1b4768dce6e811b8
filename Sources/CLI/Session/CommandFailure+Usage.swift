internal import ArgumentParser

extension CommandFailure {
    /// Returns the failure of a command with the wrong number of arguments.
    ///
    /// - Parameters:
    ///   - message: What is wrong.
    ///   - missing: The index of the first missing argument, or nil if there are too many.
    static func arguments(_ message: String, missing: Int?) -> CommandFailure {
        var failure = local(message)
        failure.question = .usage(missing: missing)
        return failure
    }

    /// Adds the name of the missing argument and the usage of the command.
    mutating func explain(usageOf command: any ParsableCommand.Type) {
        guard case .usage(let missing) = question, let usage = command.configuration.usage else { return }
        let names = Self.arguments(in: usage)
        if let missing, missing < names.count { message += ": <\(names[missing])> is missing" }
        hint = "Usage: \(usage)"
    }

    /// Returns the names of the positional arguments in a usage line.
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
