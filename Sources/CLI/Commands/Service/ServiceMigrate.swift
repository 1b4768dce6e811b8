internal import ArgumentParser
internal import CofferClient
internal import Server
internal import Synchronization
internal import Syntax

/// The command `coffer service migrate`.
struct ServiceMigrate: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer service migrate [options] -to=vault|local", "Copy secrets to or from another server that speaks the Vault API.",
        notes: """
            Copies from this server's services/ to the server of SERVICE_VAULT_ADDR, or back. The newest version of each \
            secret is copied with its labels and settings, and everything is compared at the end. Run the command again to \
            continue after an interruption. The source is not changed. KV version 1 mounts are supported too.
            """,
        examples: "coffer service migrate -to=vault",
        "coffer service migrate -to=local -mount=secret      # any KV version 2 mount of this server")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "The server to copy to: vault or local.") var to: String
    @Option(help: .init("The server's file of variables. (default: .env)", valueName: "file")) var envFile: String?
    @Option(help: .init("The mount of the Service API.", valueName: "path")) var mount: String = "services"
    @Flag(help: "Write a new version of secrets that have other values.") var overwrite = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        guard to == "vault" || to == "local" else { throw CommandFailure.local("-to must be vault or local") }
        var options = ServerOptions(environment: session.system.environment)
        options.envFile = envFile.unlessEmpty
        let settings: RemoteVaultSettings
        do throws(ConfigurationError) { settings = try RemoteVaultSettings(options) } catch {
            throw CommandFailure.local("\(error)")
        }
        let progress = Progress()
        let local = try await SecretPlace(
            client: session.unwrapped(session.client()), mount: try ArgumentText.requiredPath(mount), name: "this server",
            failure: { session.failure($0, doing: progress.text) })
        let remote = try await Self.remote(settings, progress)
        let (source, target) = to == "vault" ? (local, remote) : (remote, local)
        let report = try await copy(from: source, to: target, progress: progress, console: session.console)
        try session.printer.success(text(report, from: source, to: target), report.facts)
    }

    /// Whether anything has been written, which determines what a failure means.
    private final class Progress: Sendable {
        private let hasBegun = Mutex(false)
        func begin() { hasBegun.withLock { $0 = true } }
        var text: String {
            hasBegun.withLock { $0 } ? "The copy is not complete; run the command again to continue" : "Nothing was copied"
        }
    }

    /// The result of a copy. A secret is whole if its newest data, labels and settings have been copied.
    private struct Report {
        var whole = 0
        /// The number of secrets that are deleted in the source.
        var deleted = 0
        /// The secrets whose labels and settings the token may not read.
        var unread: [String] = []
        /// The secrets whose labels and settings a KV version 1 mount cannot store.
        var dropped: [String] = []

        var facts: JSONObject {
            ["whole": .int(whole), "deleted": .int(deleted), "without_settings": .strings((unread + dropped).sorted())]
        }
    }

    private func text(_ report: Report, from source: SecretPlace, to target: SecretPlace) -> String {
        var lines = [
            "\(report.whole) \(report.whole == 1 ? "secret was" : "secrets were") fully copied to \(target.name), to \(target.mount)/."
        ]
        if source.version == 2 { lines.append("Only the newest version of each was copied.") }
        if report.deleted > 0 { lines.append("\(report.deleted) are deleted in the source and were not copied.") }
        if !report.unread.isEmpty {
            lines.append(
                "Copied without labels and settings, which the token may not read on \(source.name) or \(target.name): \(Self.some(report.unread))"
            )
        }
        if !report.dropped.isEmpty {
            lines.append(
                "Copied without labels and settings, which a KV version 1 mount does not have: \(Self.some(report.dropped))")
        }
        if mount == "services" { lines.append("Set SERVICE_PROVIDER=\(to) and restart the server to use them there.") }
        return lines.joined(separator: "\n")
    }

    private static func some(_ paths: [String]) -> String {
        paths.prefix(20).joined(separator: ", ") + (paths.count > 20 ? " and \(paths.count - 20) more" : "")
    }

    /// Copies all secrets and compares them. Values are not kept in memory but read again for the comparison.
    private func copy(
        from source: SecretPlace, to target: SecretPlace, progress: Progress, console: Console
    ) async throws -> Report {
        let paths = try await source.paths()
        guard !paths.isEmpty else {
            throw CommandFailure.server(
                "Nothing was copied, because the token cannot list any secrets in \(source.mount)/ on \(source.name)")
        }
        var found: [Found] = []
        let overwrite = overwrite
        for start in stride(from: 0, to: paths.count, by: Self.progressStep) {
            console.error("\(start) of \(paths.count)")
            let next = Array(paths[start..<min(start + Self.progressStep, paths.count)])
            found += try await Self.each(next) {
                try await Self.copy($0, from: source, to: target, overwrite: overwrite, progress: progress)
            }
        }
        func which(_ kind: Found) -> [String] { zip(paths, found).filter { $0.1 == kind }.map(\.0) }
        let conflicts = which(.conflict)
        guard conflicts.isEmpty else {
            throw CommandFailure.local(
                "These secrets have other values on \(target.name) (use -overwrite to write new versions): \(Self.some(conflicts))")
        }
        console.error("\(paths.count) of \(paths.count); comparing")
        try await compare(zip(paths, found).filter { $0.1 != .deleted }.map { ($0.0, $0.1 == .whole) }, from: source, to: target)
        return Report(
            whole: which(.whole).count, deleted: which(.deleted).count, unread: which(.withoutUnread),
            dropped: which(.withoutDropped))
    }

    /// The outcome of copying one secret.
    private enum Found { case whole, withoutUnread, withoutDropped, deleted, conflict }

    private static func copy(
        _ path: String, from source: SecretPlace, to target: SecretPlace, overwrite: Bool, progress: Progress
    ) async throws -> Found {
        // Deleted secrets are not copied.
        guard let data = try await source.read(path).data else { return .deleted }
        let there = try await target.read(path)
        guard there.data == nil || there.data == data || overwrite else { return .conflict }
        let settings = try await source.settings(path)
        var result = Found.whole
        if settings == nil {
            result = .withoutUnread
        } else if let settings, !settings.isEmpty {
            if target.version != 2 {
                result = .withoutDropped
            } else if let known = try await target.settings(path) {
                // The settings are written first, so that they apply to the new version.
                if known != settings {
                    progress.begin()
                    try await target.set(path, settings)
                }
            } else {
                result = .withoutUnread
            }
        }
        if there.data != data {
            progress.begin()
            try await target.write(path, data, over: there.number)
        }
        return result
    }

    /// Reads all secrets again from both sides, and fails if one was changed or added while the others were copied.
    private func compare(
        _ copied: [(path: String, hasSettings: Bool)], from source: SecretPlace, to target: SecretPlace
    ) async throws {
        _ = try await Self.each(copied) { item in
            let (path, hasSettings) = item
            guard try await source.read(path).data == target.read(path).data else {
                throw CommandFailure.local("\(path) was changed during the copy. Run the command again with -overwrite.")
            }
            guard hasSettings, target.version == 2, let wanted = try await source.settings(path), !wanted.isEmpty else { return }
            guard try await target.settings(path) == wanted else {
                throw CommandFailure.local("The labels or settings of \(path) were changed during the copy. Run the command again.")
            }
        }
        let known = Set(copied.map(\.path))
        _ = try await Self.each(try await source.paths().filter { !known.contains($0) }) { path in
            guard try await source.read(path).data == nil else {
                throw CommandFailure.local("\(path) was added during the copy. Run the command again.")
            }
        }
    }

    private static let progressStep = 100
    private static let concurrencyMax = 8

    /// Runs `work` for all items, a few at the same time, and returns the results in the order of the items.
    private static func each<Item: Sendable, T: Sendable>(
        _ items: [Item], _ work: @escaping @Sendable (Item) async throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            var results = [T?](repeating: nil, count: items.count)
            for (index, item) in items.enumerated() {
                if index >= concurrencyMax, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (index, try await work(item)) }
            }
            for try await (done, result) in group { results[done] = result }
            return results.compactMap { $0 }
        }
    }

    private static func remote(_ settings: RemoteVaultSettings, _ progress: Progress) async throws -> SecretPlace {
        var configuration = ClientConfiguration(address: settings.address, token: settings.token)
        configuration.tls.authorityFile = settings.authorityFile
        let failure: @Sendable (ClientError) -> CommandFailure = { error in
            var failure = CommandFailure(
                error, doing: progress.text + " (the server of SERVICE_VAULT_ADDR)",
                sentToken: true)
            failure.question = nil
            failure.hint =
                error.code == .api
                ? "Check SERVICE_VAULT_MOUNT, and that SERVICE_VAULT_TOKEN (or SERVICE_VAULT_ROLE_ID and SERVICE_VAULT_SECRET_ID) may use it."
                : "Check SERVICE_VAULT_ADDR (and SERVICE_VAULT_CACERT), and whether that server is running."
            return failure
        }
        do {
            var client = try CofferClient(configuration: configuration)
            if settings.token == nil {
                let answer = try await client.request(
                    .put, "auth/approle/login",
                    body: ["role_id": .optional(settings.roleID), "secret_id": .optional(settings.secretID)])
                client.configuration.token = try answer.object()["auth"]?["client_token"]?.stringValue
            }
            return try await SecretPlace(client: client, mount: settings.mount, name: settings.address, failure: failure)
        } catch let error as ClientError {
            throw failure(error)
        }
    }
}
