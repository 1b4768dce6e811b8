internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct SecretsMove: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Moves a secrets engine to another path; its leases are revoked.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The mount, then its new path.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(2)
        let (source, target) = (try ArgumentText.requiredPath(arguments[0]), try ArgumentText.requiredPath(arguments[1]))
        let doing = "Error moving secrets engine \(source)/ to \(target)/"
        let body: JSON = ["from": .string(source), "to": .string(target)]
        let started = try await session.call(doing) { try await $0.request(.post, "sys/remount", body: body) }
        guard let id = started.json?["data"]?["migration_id"]?.stringValue ?? started.json?["migration_id"]?.stringValue else {
            return session.console.output("Success! Finished moving secrets engine \(source)/ to \(target)/")
        }
        session.console.output("Started moving secrets engine \(source)/ to \(target)/, with migration ID \(id)")
        let status = try await session.call(doing) { try await Self.wait(for: id, $0) }
        guard status == "success" else {
            throw CommandFailure.server("\(doing): the migration \(id) ended as \(status)")
        }
        session.console.output("Success! Finished moving secrets engine \(source)/ to \(target)/, with migration ID \(id)")
    }

    /// Asks until it is over, five minutes at most.
    private static func wait(for id: String, _ client: CofferClient) async throws -> String {
        for attempt in 0..<300 {
            let answer = try await client.request(.get, "sys/remount/status/\(id)").json
            let status = (answer?["data"]?["migration_info"] ?? answer?["migration_info"])?["status"]?.stringValue ?? "unknown"
            if status != "in-progress" { return status }
            try await Task.sleep(for: attempt < 10 ? .milliseconds(100) : .seconds(1))
        }
        throw CommandFailure.server("The migration \(id) is still under way; follow it with `coffer read sys/remount/status/\(id)`")
    }
}
