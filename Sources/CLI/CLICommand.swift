internal import ArgumentParser
internal import CofferClient

/// A command of `coffer`.
protocol CLICommand: ParsableCommand {
    /// Runs the command.
    func run(in system: System) async throws
}

/// A command that sends requests to a server.
protocol SessionCommand: CLICommand {
    /// The connection and output options.
    var global: GlobalOptions { get }
    /// Runs the command in a session.
    func run(_ session: Session) async throws
}

extension SessionCommand {
    func run(in system: System) async throws {
        let session = try Session(system: system, global: global)
        do {
            try await run(session)
        } catch {
            // With -output-curl-string or -output-policy the request was kept instead of sent.
            if let request = session.heldRequest {
                return try await session.describe(request)
            }
            guard let failure = error as? CommandFailure else { throw error }
            // With -wrap-ttl the answer is a wrapping token instead of a list or a table.
            if let error = failure.refusal, error.code == .wrapped, let wrapped = error.response?.secret {
                return try session.printer.secret(wrapped)
            }
            throw await session.answering(failure)
        }
    }
}

extension [String] {
    /// Checks the number of positional arguments.
    func expect(_ counts: ClosedRange<Int>) throws(CommandFailure) {
        let wanted =
            counts.lowerBound == counts.upperBound ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
        if count < counts.lowerBound { throw .arguments("Not enough arguments (expected \(wanted), got \(count))", missing: count) }
        if count > counts.upperBound { throw .arguments("Too many arguments (expected \(wanted), got \(count))", missing: nil) }
    }

    /// Checks the number of positional arguments.
    func expect(_ count: Int) throws(CommandFailure) { try expect(count...count) }

    /// Returns the only positional argument, the path of a mount or of a route.
    func onlyPath() throws(CommandFailure) -> String {
        try expect(1)
        return try ArgumentText.requiredPath(self[0])
    }

    /// Checks the number of positional arguments.
    func expect(atLeast minimum: Int) throws(CommandFailure) {
        guard count >= minimum else {
            throw .arguments("Not enough arguments (expected \(minimum) or more, got \(count))", missing: count)
        }
    }
}
