internal import ArgumentParser
internal import CofferClient
internal import Server
internal import Synchronization
internal import Syntax

struct ServiceMigrate: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Copy secrets to or from another server that speaks the Vault API.",
        usage: "coffer service migrate [options] -to=vault|local",
        discussion: """
            From this server's services/ to the server of SERVICE_VAULT_ADDR, or back. Copies the newest version of each \
            secret with its labels and settings, compares everything at the end, and resumes where it was interrupted. The \
            source is not changed. A KV version 1 mount is copied too.

            Examples:
              $ coffer service migrate -to=vault
              $ coffer service migrate -to=local -mount=secret      # any KV version 2 mount of this server
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "vault or local.") var to: String
    @Option(help: ArgumentHelp("The server's file of variables; .env by default.", valueName: "file")) var envFile: String?
    @Option(help: ArgumentHelp("The mount of the Service API.", valueName: "path")) var mount: String = "services"
    @Flag(help: "Give secrets that are there with other values another version.") var overwrite = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        guard to == "vault" || to == "local" else { throw CommandFailure.local("-to takes vault or local") }
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
        let report = try await copy(from: source, to: target, progress, session.console)
        try session.printer.success(text(report, source, target), report.facts)
    }

    /// Whether anything was written, for what a failure means.
    private final class Progress: Sendable {
        private let hasBegun = Mutex(false)
        func begin() { hasBegun.withLock { $0 = true } }
        var text: String {
            hasBegun.withLock { $0 } ? "The copy is not complete; run this again to go on" : "Nothing was copied"
        }
    }

    /// What came of it. A secret is whole when its newest data, labels and settings are there.
    private struct Report {
        var whole = 0
        /// Deleted at the source.
        var deleted = 0
        /// Their labels and settings may not be read.
        var unread: [String] = []
        /// Their labels and settings have no place in a KV version 1 mount.
        var dropped: [String] = []

        var facts: JSONObject {
            ["whole": .int(whole), "deleted": .int(deleted), "without_settings": .strings((unread + dropped).sorted())]
        }
    }

    private func text(_ report: Report, _ source: SecretPlace, _ target: SecretPlace) -> String {
        var lines = [
            "\(report.whole) \(report.whole == 1 ? "secret was" : "secrets were") fully copied to \(target.name), to \(target.mount)/."
        ]
        if source.version == 2 { lines.append("Copied was the newest version of each; older ones stayed behind.") }
        if report.deleted > 0 { lines.append("\(report.deleted) are deleted and stayed behind.") }
        if !report.unread.isEmpty {
            lines.append(
                "Without labels and settings, which the token may not read on \(source.name) or \(target.name): \(Self.some(report.unread))"
            )
        }
        if !report.dropped.isEmpty {
            lines.append("Without labels and settings, which a KV version 1 mount does not have: \(Self.some(report.dropped))")
        }
        if mount == "services" { lines.append("Set SERVICE_PROVIDER=\(to) and restart the server to use them there.") }
        return lines.joined(separator: "\n")
    }

    private static func some(_ paths: [String]) -> String {
        paths.prefix(20).joined(separator: ", ") + (paths.count > 20 ? " and \(paths.count - 20) more" : "")
    }

    /// Values are not kept: everything is read anew when it is compared.
    private func copy(
        from source: SecretPlace, to target: SecretPlace, _ progress: Progress, _ console: Console
    ) async throws -> Report {
        let paths = try await source.paths()
        guard !paths.isEmpty else {
            throw CommandFailure.server(
                "There are no secrets in \(source.mount)/ on \(source.name) that this token may list, so nothing was copied")
        }
        var found: [Found] = []
        let overwrite = overwrite
        for start in stride(from: 0, to: paths.count, by: Self.progressStep) {
            console.error("\(start) of \(paths.count)")
            let next = Array(paths[start..<min(start + Self.progressStep, paths.count)])
            found += try await Self.each(next) {
                try await Self.copy($0, from: source, to: target, overwrite: overwrite, progress)
            }
        }
        func which(_ kind: Found) -> [String] { zip(paths, found).filter { $0.1 == kind }.map(\.0) }
        let conflicts = which(.conflict)
        guard conflicts.isEmpty else {
            throw CommandFailure.local(
                "These are on \(target.name) with other values; -overwrite gives them new versions: \(Self.some(conflicts))")
        }
        console.error("\(paths.count) of \(paths.count); comparing")
        try await compare(zip(paths, found).filter { $0.1 != .deleted }.map { ($0.0, $0.1 == .whole) }, source, target)
        return Report(
            whole: which(.whole).count, deleted: which(.deleted).count, unread: which(.withoutUnread),
            dropped: which(.withoutDropped))
    }

    private enum Found { case whole, withoutUnread, withoutDropped, deleted, conflict }

    private static func copy(
        _ path: String, from source: SecretPlace, to target: SecretPlace, overwrite: Bool, _ progress: Progress
    ) async throws -> Found {
        // Deleted ones stay behind.
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
                // Before the data, so that it ends when the settings say.
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

    /// Everything anew from both sides: what changed while it was copied is told.
    private func compare(_ copied: [(path: String, hasSettings: Bool)], _ source: SecretPlace, _ target: SecretPlace) async throws {
        _ = try await Self.each(copied) { item in
            let (path, hasSettings) = item
            guard try await source.read(path).data == target.read(path).data else {
                throw CommandFailure.local("\(path) changed while it was copied; run this again with -overwrite")
            }
            guard hasSettings, target.version == 2, let wanted = try await source.settings(path), !wanted.isEmpty else { return }
            guard try await target.settings(path) == wanted else {
                throw CommandFailure.local("The labels or settings of \(path) changed while it was copied; run this again")
            }
        }
        let known = Set(copied.map(\.path))
        _ = try await Self.each(try await source.paths().filter { !known.contains($0) }) { path in
            guard try await source.read(path).data == nil else {
                throw CommandFailure.local("\(path) was added while the others were copied; run this again")
            }
        }
    }

    private static let progressStep = 100
    private static let atOnce = 8

    /// The results in the order of the items, of which a few are worked on at once.
    private static func each<Item: Sendable, T: Sendable>(
        _ items: [Item], _ work: @escaping @Sendable (Item) async throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            var results = [T?](repeating: nil, count: items.count)
            for (index, item) in items.enumerated() {
                if index >= atOnce, let (done, result) = try await group.next() { results[done] = result }
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
