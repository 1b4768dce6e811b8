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

    /// The number of secrets.
    private func copy(from source: SecretPlace, to target: SecretPlace, _ console: Console) async throws -> Int {
        let paths = try await source.paths()
        var conflicts: [String] = []
        var copied: [(path: String, data: JSON)] = []
        for (index, path) in paths.enumerated() {
            if index % 100 == 0 { console.error("\(index) of \(paths.count)") }
            // Deleted ones stay behind.
            guard let data = try await source.read(path) else { continue }
            copied.append((path, data))
            let there = try await target.read(path)
            if there == data { continue }
            if there != nil, !overwrite {
                conflicts.append(path)
            } else {
                try await target.write(path, data)
            }
        }
        guard conflicts.isEmpty else {
            throw CommandFailure.local(
                "These are on \(target.name) with other values; -overwrite gives them new versions: "
                    + conflicts.prefix(20).joined(separator: ", "))
        }
        console.error("\(paths.count) of \(paths.count); comparing")
        try await compare(copied.map(\.path), source, target)
        return copied.count
    }

    /// Everything anew from both sides: what changed while it was copied is told.
    private func compare(_ paths: [String], _ source: SecretPlace, _ target: SecretPlace) async throws {
        for path in paths {
            guard try await source.read(path) == target.read(path) else {
                throw CommandFailure.local("\(path) changed while it was copied; run this again with -overwrite")
            }
        }
        let now = try await source.paths()
        for path in now where !paths.contains(path) {
            guard try await source.read(path) == nil else {
                throw CommandFailure.local("\(path) was added while the others were copied; run this again")
            }
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
    private struct SecretPlace {
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
