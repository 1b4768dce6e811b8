internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer secrets move`.
struct SecretsMove: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets move [options] <mount> <new path>", "Move a secrets engine to another path. Its leases are revoked.",
        examples: "coffer secrets move secret/ archive/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount, then its new path.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(2)
        let (source, target) = (try ArgumentText.requiredPath(arguments[0]), try ArgumentText.requiredPath(arguments[1]))
        let doing = "Error moving secrets engine \(source)/ to \(target)/"
        let body: JSON = ["from": .string(source), "to": .string(target)]
        let started = try await session.call(doing) {
            let response = try await $0.request(.post, "sys/remount", body: body)
            return try response.body.isEmpty ? JSONObject() : response.object()
        }
        guard let id = (started["data"]?["migration_id"] ?? started["migration_id"])?.stringValue else {
            return try session.printer.success("Success! Finished moving secrets engine \(source)/ to \(target)/")
        }
        if session.printer.isTable {
            session.console.output("Started moving secrets engine \(source)/ to \(target)/, with migration ID \(id)")
        }
        let status = try await session.call(doing) { try await Self.wait(for: id, $0) }
        guard status == "success" else {
            throw CommandFailure.server("\(doing): the migration \(id) ended as \(status)")
        }
        try session.printer.success("Success! Finished moving secrets engine \(source)/ to \(target)/, with migration ID \(id)")
    }

    /// Asks for the status of a migration until it ends, for at most five minutes.
    private static func wait(for id: String, _ client: CofferClient) async throws -> String {
        for attempt in 0..<300 {
            let answer = try await client.request(.get, "sys/remount/status/\(id)").json
            let status = (answer?["data"]?["migration_info"] ?? answer?["migration_info"])?["status"]?.stringValue ?? "unknown"
            if status != "in-progress" { return status }
            try await Task.sleep(for: attempt < 10 ? .milliseconds(100) : .seconds(1))
        }
        throw CommandFailure.server("The migration \(id) is still running. Check it with `coffer read sys/remount/status/\(id)`.")
    }
}
