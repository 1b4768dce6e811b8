internal import ArgumentParser
internal import Capabilities
internal import Glibc
internal import Server
internal import Syntax

/// Derives a narrower token offline: only the token is needed, not the server.
struct TokenAttenuate: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer token attenuate [options] [<token>]", "Derive a weaker token offline; the server is not involved.",
        notes: """
            The result can be used as X-Vault-Token (and as X-Token, if it is derived from a service's token) until it or its \
            parent expires. Anyone who has it can narrow it further, but nobody can widen it.
            """,
        examples: "coffer token attenuate -path=secret/data/app/ -op=read -ttl=1h",
        "coffer token attenuate -secrets=services:newsbot/prod/ -uses=5 -cidr=10.0.0.0/8 - < token")
    @OptionGroup(title: "Output") var local: LocalOptions
    @Option(help: .init("Allow only this path, or all paths below it if it ends with /; may be repeated.", valueName: "path"))
    var path: [String] = []
    @Option(
        help: .init("Allow only the secrets below this path of a KV version 2 mount; may be repeated.", valueName: "mount:path"))
    var secrets: [String] = []
    @Option(help: .init("Allow only these: read, list, write, delete, create, update or patch.", valueName: "names"))
    var op: String?
    @Option(help: .init("Expire after this time, such as 1h.", valueName: "duration")) var ttl: String?
    @Option(help: .init("Allow at most this many requests.", valueName: "number")) var uses: Int?
    @Option(help: .init("Allow only these addresses or ranges, separated by commas.", valueName: "ranges")) var cidr: String?
    @Argument(help: .init("The token to derive from, or - for the standard input. (default: your own)", valueName: "token"))
    var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(0...1)
        let parent = try parent(system)
        try checkLimits()
        try checkOperations()
        try checkParent(parent, system)
        let text: String
        do throws(CapabilityRefusal) {
            var token = CapabilityToken.isOne(parent) ? try CapabilityToken(parent) : CapabilityToken(parent: parent)
            for caveat in try caveats() { token = try CapabilityToken(narrowing: token, by: caveat) }
            text = token.text
        } catch {
            throw CommandFailure.local(error.rawValue)
        }
        try local.printer(system).text(text, as: "token", isPlainWhenRaw: true)
    }

    private func parent(_ system: System) throws(CommandFailure) -> String {
        let text: String?
        switch arguments.first {
        case "-": text = try system.input.text(of: "-")
        case let token?: text = token
        case nil:
            text =
                system.environment["COFFER_TOKEN"] ?? system.environment["VAULT_TOKEN"]
                ?? TokenFile(environment: system.environment)?.read()
        }
        guard let token = text.map(ArgumentText.trimmed), !token.isEmpty else {
            throw .local("No token: give one as an argument or on the standard input with -, or log in")
        }
        // The server stores nothing of a batch token, so it could not check a token derived from one.
        guard !token.utf8.starts(with: "coffer.b.".utf8) else { throw .local("A batch token cannot be narrowed") }
        return token
    }

    /// Reports visible mistakes in the token, because the server is not asked about it. The messages do not contain the token.
    private func checkParent(_ token: String, _ system: System) throws(CommandFailure) {
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .local("Not a token: it contains a space or another character that tokens do not have")
        }
        if token.utf8.starts(with: "coffer.s.".utf8) {
            guard token.utf8.count == Self.serviceTokenLength else {
                throw .local("The token is not whole: it has \(token.utf8.count) characters instead of \(Self.serviceTokenLength)")
            }
        } else if !CapabilityToken.isOne(token), !Self.mayBeService(token) {
            system.console.error(
                """
                Warning: the token to derive from was not made by a server (such tokens begin with coffer.s.). The derived token \
                works only if it is the token of a service, or a token that an operator chose.
                """)
        }
    }

    private static let serviceTokenLength = 58

    /// The tokens of services are random texts that an operator made, such as `openssl rand -hex 32`; those of other servers have a
    /// prefix with a dot.
    private static func mayBeService(_ token: String) -> Bool {
        token.utf8.count >= 32 && !token.utf8.contains(UInt8(ascii: "."))
    }

    private func caveats() throws(CapabilityRefusal) -> [Caveat] {
        var caveats: [Caveat] = []
        var paths = path
        for text in secrets { paths += try Self.routes(text) }
        if let ttl {
            guard let seconds = Self.seconds(ttl) else { throw .badCaveat }
            caveats.append(.expiry(Clock.now + seconds))
        }
        // After the expiry, so that the counter expires with the token. Before the other limits, so that the counter does not use up the
        // share of another holder of the same paths.
        if let uses { caveats.append(.uses(uses, counter: Self.counter())) }
        if !paths.isEmpty { caveats.append(.paths(paths)) }
        if let op { caveats.append(.operations(try Self.operations(op))) }
        if let cidr { caveats.append(.sources(cidr.parts(at: ","))) }
        return caveats
    }

    /// Returns the paths of a KV version 2 mount that belong to a secret, including those that the Service API uses.
    private static func routes(_ text: String) throws(CapabilityRefusal) -> [String] {
        guard let (name, path) = text.cut(at: ":"), !name.isEmpty, !path.isEmpty else { throw .badCaveat }
        let mount = ArgumentText.mount(name)
        return ["data", "metadata", "detailed-metadata", "subkeys", "delete", "undelete"].map { "\(mount)\($0)/\(path)" }
            + ["service-projects/caller"]
    }

    private static func operations(_ text: String) throws(CapabilityRefusal) -> [String] {
        var names: [String] = []
        for name in text.parts(at: ",") {
            if name == "write" {
                names += ["create", "update", "patch"]
            } else {
                names.append(name)
            }
        }
        return names
    }

    /// Checks the limits. The server sees them only when the token is used, and could then only refuse the request.
    private func checkLimits() throws(CommandFailure) {
        if path.isEmpty, secrets.isEmpty, op == nil, ttl == nil, uses == nil, cidr == nil {
            throw .local("No limit: give at least one of -path, -secrets, -op, -ttl, -uses and -cidr")
        }
        for text in path {
            guard !text.isEmpty else { throw .local("-path=: the path is empty; give one, such as secret/data/app/") }
            guard !text.utf8.contains(0x0A) else { throw .local("-path: a path cannot contain a line break") }
        }
        for text in secrets where (try? Self.routes(text)) == nil {
            throw .local("-secrets=\(text): not of the form mount:path, such as services:newsbot/prod/")
        }
        if let op, op.parts(at: ",").isEmpty { throw .local("-op=\(op): no operation; give names such as read,list") }
        if let ttl, Self.seconds(ttl) == nil {
            throw .local("-ttl=\(ttl): not a duration above zero, such as 90, 30m, 24h or 7d")
        }
        if let uses, !(1...Caveat.usesMax).contains(uses) {
            throw .local("-uses=\(uses): not a number from 1 to \(Caveat.usesMax)")
        }
        guard let cidr else { return }
        let ranges = cidr.parts(at: ",")
        guard !ranges.isEmpty else { throw .local("-cidr=\(cidr): no address or range, such as 10.0.0.0/8") }
        for range in ranges where !AddressText.isAddressOrRange(range) {
            throw .local("-cidr=\(range): not an address or a range such as 10.0.0.0/8")
        }
    }

    /// Returns a duration in seconds, or nil if it is not greater than zero or ends after the year 9999.
    private static func seconds(_ ttl: String) -> Int? {
        guard let seconds = DurationText.seconds(ttl), seconds > 0, seconds < Caveat.expiryMax - Clock.now else { return nil }
        return seconds
    }

    /// Checks the names of operations. They are not secret, so the message contains them.
    private func checkOperations() throws(CommandFailure) {
        for name in (op ?? "").parts(at: ",") where name != "write" && !Caveat.operationNames.contains(name) {
            throw .local("-op=\(name): unknown operation; use read, list, write, delete, create, update or patch")
        }
    }

    private static func counter() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}

/// The clock of the machine.
private enum Clock {
    /// The current time in seconds since 1970.
    static var now: Int { Int(time(nil)) }
}
