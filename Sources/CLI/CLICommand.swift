internal import ArgumentParser
internal import CofferClient

/// A command that can be run.
protocol CLICommand: ParsableCommand {
    func run(in system: System) async throws
}

/// A command that speaks to a server.
protocol SessionCommand: CLICommand {
    var global: GlobalOptions { get }
    func run(_ session: Session) async throws
}

extension SessionCommand {
    func run(in system: System) async throws {
        let session = try Session(system: system, global: global)
        do {
            try await run(session)
        } catch {
            // With -output-curl-string or -output-policy that is printed where the request would have been sent.
            if let request = session.heldRequest {
                return try await session.describe(request)
            }
            guard let failure = error as? CommandFailure else { throw error }
            // Asked to wrap, the server gave a wrapping token where a list or a table was to be shown.
            if let error = failure.refusal, error.code == .wrapped, let wrapped = error.response?.secret {
                return try session.printer.secret(wrapped)
            }
            throw await session.answering(failure)
        }
    }
}

extension [String] {
    /// Refuses any other number of positional arguments.
    func expect(_ counts: ClosedRange<Int>) throws(CommandFailure) {
        let wanted =
            counts.lowerBound == counts.upperBound ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
        if count < counts.lowerBound { throw .arguments("Not enough arguments (expected \(wanted), got \(count))", missing: count) }
        if count > counts.upperBound { throw .arguments("Too many arguments (expected \(wanted), got \(count))", missing: nil) }
    }

    func expect(_ count: Int) throws(CommandFailure) { try expect(count...count) }

    func expect(atLeast minimum: Int) throws(CommandFailure) {
        guard count >= minimum else {
            throw .arguments("Not enough arguments (expected \(minimum) or more, got \(count))", missing: count)
        }
    }
}
