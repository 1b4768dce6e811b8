internal import ArgumentParser

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
            // With -output-curl-string the request is printed where it would have been sent.
            if let text = session.curlText {
                session.console.output(text)
            } else {
                throw error
            }
        }
    }
}

extension [String] {
    /// Refuses any other number of positional arguments.
    func expect(_ counts: ClosedRange<Int>) throws(CommandFailure) {
        let wanted =
            counts.lowerBound == counts.upperBound ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
        if count < counts.lowerBound { throw .local("Not enough arguments (expected \(wanted), got \(count))") }
        if count > counts.upperBound { throw .local("Too many arguments (expected \(wanted), got \(count))") }
    }

    func expect(_ count: Int) throws(CommandFailure) { try expect(count...count) }

    func expect(atLeast minimum: Int) throws(CommandFailure) {
        guard count >= minimum else { throw .local("Not enough arguments (expected \(minimum) or more, got \(count))") }
    }
}
