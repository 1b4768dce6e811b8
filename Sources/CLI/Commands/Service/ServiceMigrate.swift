internal import ArgumentParser
internal import CofferClient
internal import Server
internal import Syntax

struct ServiceMigrate: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Copies the secrets of the Service API to another Vault, or back.",
        discussion: """
            coffer service migrate -to=vault      from this server's services/ to the Vault of SERVICE_VAULT_ADDR and the rest
            coffer service migrate -to=local      from that Vault into services/

            Copies the newest version of each secret, compares everything at the end, and goes on where it was interrupted. Where the
            secrets come from, nothing changes; services go on there until SERVICE_PROVIDER says otherwise.
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "vault or local.") var to: String
    @Option(help: ArgumentHelp("The server's file of variables; .env by default.", valueName: "file")) var envFile: String?
    @Option(help: ArgumentHelp("The mount of the Service API.", valueName: "path")) var mount: String = "services"
    @Flag(help: "Give secrets that are there with other values another version.") var overwrite = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        guard to == "vault" || to == "local" else { throw CommandFailure.local("-to is vault or local") }
        var options = ServerOptions(environment: session.system.environment)
        options.envFile = envFile
        let settings: RemoteVaultSettings
        do throws(ConfigurationError) { settings = try RemoteVaultSettings(options) } catch {
            throw CommandFailure.local("\(error)")
        }
        let local = SecretPlace(client: try session.client(), mount: try ArgumentText.requiredPath(mount), name: "this server")
        let remote = try await Self.remote(settings)
        let (source, target) = to == "vault" ? (local, remote) : (remote, local)
        do {
            let count = try await copy(from: source, to: target, session.console)
            session.console.output(
                "\(count) secrets are whole on \(target.name) in \(target.mount)/.\n"
                    + "Set SERVICE_PROVIDER=\(to) and restart the server to use them there.")
        } catch let error as ClientError {
            throw session.failure(error, doing: "The copy is not whole yet; run this again to go on")
        }
    }

    /// The number of secrets. Values are not kept: everything is read anew when it is compared.
    private func copy(from source: SecretPlace, to target: SecretPlace, _ console: Console) async throws -> Int {
        let paths = try await source.paths()
        var found: [Found] = []
        let overwrite = overwrite
        for start in stride(from: 0, to: paths.count, by: Self.progressStep) {
            console.error("\(start) of \(paths.count)")
            let next = Array(paths[start..<min(start + Self.progressStep, paths.count)])
            found += try await Self.each(next) { try await Self.copy($0, from: source, to: target, overwrite: overwrite) }
        }
        let conflicts = zip(paths, found).filter { $0.1 == .conflict }.map(\.0)
        guard conflicts.isEmpty else {
            throw CommandFailure.local(
                "These are on \(target.name) with other values; -overwrite gives them new versions: "
                    + conflicts.prefix(20).joined(separator: ", "))
        }
        console.error("\(paths.count) of \(paths.count); comparing")
        let copied = zip(paths, found).filter { $0.1 == .copied }.map(\.0)
        try await compare(copied, source, target)
        return copied.count
    }

    private enum Found { case copied, deleted, conflict }

    private static func copy(
        _ path: String, from source: SecretPlace, to target: SecretPlace, overwrite: Bool
    ) async throws -> Found {
        // Deleted ones stay behind.
        guard let data = try await source.read(path) else { return .deleted }
        let there = try await target.read(path)
        if there == data { return .copied }
        guard there == nil || overwrite else { return .conflict }
        try await target.write(path, data)
        return .copied
    }

    /// Everything anew from both sides: what changed while it was copied is told.
    private func compare(_ paths: [String], _ source: SecretPlace, _ target: SecretPlace) async throws {
        _ = try await Self.each(paths) { path in
            guard try await source.read(path) == target.read(path) else {
                throw CommandFailure.local("\(path) changed while it was copied; run this again with -overwrite")
            }
        }
        let known = Set(paths)
        _ = try await Self.each(try await source.paths().filter { !known.contains($0) }) { path in
            guard try await source.read(path) == nil else {
                throw CommandFailure.local("\(path) was added while the others were copied; run this again")
            }
        }
    }

    private static let progressStep = 100
    private static let atOnce = 8

    /// The results in the order of the paths, of which a few are worked on at once.
    private static func each<T: Sendable>(
        _ paths: [String], _ work: @escaping @Sendable (String) async throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            var results = [T?](repeating: nil, count: paths.count)
            for (index, path) in paths.enumerated() {
                if index >= atOnce, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (index, try await work(path)) }
            }
            for try await (done, result) in group { results[done] = result }
            return results.compactMap { $0 }
        }
    }

    private static func remote(_ settings: RemoteVaultSettings) async throws -> SecretPlace {
        var configuration = ClientConfiguration(address: settings.address, token: settings.token)
        configuration.tls.authorityFile = settings.authorityFile
        var client = try CofferClient(configuration: configuration)
        if settings.token == nil {
            let answer = try await client.request(
                .put, "auth/approle/login",
                body: ["role_id": .optional(settings.roleID), "secret_id": .optional(settings.secretID)])
            client.configuration.token = try answer.object()["auth"]?["client_token"]?.stringValue
        }
        return SecretPlace(client: client, mount: settings.mount, name: settings.address)
    }

    /// A KV version 2 mount of some server.
    private struct SecretPlace: Sendable {
        var client: CofferClient
        var mount: String
        var name: String

        /// All secrets, one folder asked for after the other, as every server understands it.
        func paths() async throws -> [String] {
            var found: [String] = []
            var folders = [""]
            while let folder = folders.popLast() {
                let listed = try await client.list("\(mount)/metadata/\(folder)")?.data?["keys"]?.arrayValue ?? []
                for name in listed.compactMap(\.stringValue) {
                    if name.hasSuffix("/") { folders.append(folder + name) } else { found.append(folder + name) }
                }
            }
            return found.sorted()
        }

        /// nil when there is none, or it is deleted. With its keys in order, so that two servers' answers can be compared.
        func read(_ path: String) async throws -> JSON? {
            guard let data = try await client.read("\(mount)/data/\(path)")?.data?["data"], !data.isNull else { return nil }
            return Printer.sorted(data)
        }

        func write(_ path: String, _ data: JSON) async throws {
            try await client.write("\(mount)/data/\(path)", ["data": data])
        }
    }
}
