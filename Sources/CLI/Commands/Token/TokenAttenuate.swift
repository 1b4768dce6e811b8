internal import ArgumentParser
internal import Capabilities
internal import Server
internal import Syntax

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Works offline: the token alone makes a narrower one.
struct TokenAttenuate: CLICommand {
    static let configuration = CommandConfiguration(
        commandName: "attenuate", abstract: "Derive a weaker token offline; the server is not involved.",
        usage: "coffer token attenuate [options] [<token>]",
        discussion: """
            The result works as X-Vault-Token (and, made from a service's token, as X-Token) until its limits or its parent \
            end. It can be narrowed again, by whoever holds it, and never widened.

            Examples:
              $ coffer token attenuate -path=secret/data/app/ -op=read -ttl=1h
              $ coffer token attenuate -secrets=services:newsbot/prod/ -uses=5 -cidr=10.0.0.0/8 - < token
            """)
    @OptionGroup(title: "Output") var local: LocalOptions
    @Option(help: ArgumentHelp("Only this path; with a final / all below it. May be repeated.", valueName: "path")) var path:
        [String] = []
    @Option(
        help: ArgumentHelp(
            "The secrets below a path of a KV version 2 mount: mount:path/. May be repeated.", valueName: "mount:path"))
    var secrets: [String] = []
    @Option(help: ArgumentHelp("Only these: read, list, write, delete, or create, update, patch.", valueName: "names")) var op:
        String?
    @Option(name: .customLong("ttl"), help: ArgumentHelp("End the token after this time, such as 1h.", valueName: "duration"))
    var ttl: String?
    @Option(help: ArgumentHelp("Allow this many requests, at most.", valueName: "number")) var uses: Int?
    @Option(help: ArgumentHelp("Only from these addresses or ranges, separated by commas.", valueName: "ranges")) var cidr: String?
    @Argument(help: ArgumentHelp("The token to derive from; - for the standard input. By default, your own.", valueName: "token"))
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
        let printer = try local.printer(system)
        guard !printer.isTable, printer.format != .raw else { return system.console.output(text) }
        try printer.value(["token": .string(text)])
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
            throw .local("No token: give one, or - for the standard input, or log in")
        }
        // Nothing is kept of them that a narrower one could be checked with.
        guard !token.utf8.starts(with: "coffer.b.".utf8) else { throw .local("A batch token cannot be narrowed") }
        return token
    }

    /// Nobody is asked whether the token is good, so what can be seen of a slip is said here, without the token's text.
    private func checkParent(_ token: String, _ system: System) throws(CommandFailure) {
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .local("Not a token: it has a space or another character that no token has")
        }
        if token.utf8.starts(with: "coffer.s.".utf8) {
            guard token.utf8.count == Self.serviceTokenLength else {
                throw .local("The token is not whole: it has \(token.utf8.count) characters instead of \(Self.serviceTokenLength)")
            }
        } else if !CapabilityToken.isOne(token), !Self.mayBeService(token) {
            system.console.error(
                """
                Warning: the token to derive from was not made by a server (those begin with coffer.s.). What comes of it works \
                only if it is the token of a service, or one that an operator chose.
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
        // Behind the end and before the rest: so the counter goes with it, and is in no share of a holder of the same paths.
        if let uses { caveats.append(.uses(uses, counter: Self.counter())) }
        if !paths.isEmpty { caveats.append(.paths(paths)) }
        if let op { caveats.append(.operations(try Self.operations(op))) }
        if let cidr { caveats.append(.sources(cidr.parts(at: ","))) }
        return caveats
    }

    /// Where a KV version 2 mount answers for a secret, and where the Service API asks who is there.
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

    /// The token carries the limits, and no server sees them before it is used: a slip would only show there, as a refusal.
    private func checkLimits() throws(CommandFailure) {
        if path.isEmpty, secrets.isEmpty, op == nil, ttl == nil, uses == nil, cidr == nil {
            throw .local("No limit: give one or more of -path, -secrets, -op, -ttl, -uses and -cidr")
        }
        for text in path {
            guard !text.isEmpty else { throw .local("-path=: the path is empty; name one, such as secret/data/app/") }
            guard !text.utf8.contains(0x0A) else { throw .local("-path: a path may not have a line break") }
        }
        for text in secrets where (try? Self.routes(text)) == nil {
            throw .local("-secrets=\(text): not of the form mount:path, such as services:newsbot/prod/")
        }
        if let op, op.parts(at: ",").isEmpty { throw .local("-op=\(op): no operation; use names such as read,list") }
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

    /// nil for none that is above zero and ends before the year 10000.
    private static func seconds(_ ttl: String) -> Int? {
        guard let seconds = DurationText.seconds(ttl), seconds > 0, seconds < Caveat.expiryMax - Clock.now else { return nil }
        return seconds
    }

    /// The names that were given are the caller's own, so they are said.
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

private enum Clock {
    /// Seconds since 1970.
    static var now: Int { Int(time(nil)) }
}
