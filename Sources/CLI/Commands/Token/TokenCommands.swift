internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer token`, which groups commands.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "token", "Create, renew and revoke tokens.", examples: "coffer token create -policy=app -ttl=24h",
        subcommands: [
            TokenCreate.self, TokenLookup.self, TokenRenew.self, TokenRevoke.self, TokenCapabilities.self, TokenAttenuate.self,
        ])

    /// Returns the path and the body of a request about a token, an accessor, or the caller's own token if `text` is nil.
    static func request(_ route: String, about text: String?, isAccessor: Bool) -> (path: String, body: JSONObject) {
        guard let text = text.map(ArgumentText.trimmed) else { return (route + "-self", [:]) }
        return isAccessor ? (route + "-accessor", ["accessor": .string(text)]) : (route, ["token": .string(text)])
    }
}

/// The command `coffer token create`.
struct TokenCreate: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token create [options]", "Create a token.", examples: "coffer token create -policy=app -ttl=24h",
        "coffer token create -role=ci -format=json")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: .init("A policy of the token; may be repeated.", valueName: "name")) var policy: [String] = []
    @Option(help: .init("The lifetime, which can be renewed.", valueName: "duration")) var ttl: String?
    @Option(help: .init("The longest lifetime, including renewals.", valueName: "duration")) var explicitMaxTTL: String?
    @Option(help: .init("The lifetime after each renewal, without a maximum.", valueName: "duration")) var period: String?
    @Flag(inversion: .prefixedNo, help: "Allow or forbid renewal.") var renewable = true
    @Flag(help: "Create the token without a parent, so that it outlives the token that creates it.") var orphan = false
    @Flag(help: "Create the token without the default policy.") var noDefaultPolicy = false
    @Option(help: .init("The number of requests that it can be used for; 0 for no limit.", valueName: "number")) var useLimit: Int?
    @Option(help: .init("A display name, which is recorded in the audit log.", valueName: "name")) var displayName: String?
    @Option(help: .init("Metadata for the audit log, written as key=value; may be repeated.", valueName: "key=value"))
    var metadata: [String] = []
    @Option(help: .init("The text of the token. Requires a root token.", valueName: "token")) var id: String?
    @Option(help: .init("The token role whose settings apply.", valueName: "name")) var role: String?
    @Option(help: "The type of the token: service or batch.") var type: String?
    @Option(help: .init("The entity alias. Requires -role.", valueName: "name")) var entityAlias: String?
    @Option(help: "Print only this field, such as token.") var field: String?
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let body = try body()
        let path = try role.unlessEmpty.map { "auth/token/create/" + (try ArgumentText.requiredPath($0)) } ?? "auth/token/create"
        let response = try await session.call("Error creating token") { try await $0.request(.post, path, body: .object(body)) }
        try Answer(response).write(to: session, path: path, field: field)
    }

    private func body() throws(CommandFailure) -> JSONObject {
        var body: JSONObject = [
            "policies": ArgumentText.list(policy), "renewable": .bool(renewable), "no_parent": .bool(orphan),
            "no_default_policy": .bool(noDefaultPolicy),
        ]
        if !metadata.isEmpty { body["meta"] = .object(try KeyValueArguments.settings(metadata, flag: "metadata")) }
        for (name, value) in [("ttl", ttl), ("explicit_max_ttl", explicitMaxTTL), ("period", period)] {
            body[name] = try ArgumentText.duration(value, flag: name.parts(at: "_").joined(separator: "-"))
        }
        for (name, value) in [("display_name", displayName), ("id", id), ("type", type), ("entity_alias", entityAlias)] {
            if let value = value.unlessEmpty { body[name] = .string(value) }
        }
        if let useLimit {
            guard useLimit >= 0 else { throw .local("-use-limit must be 0 or more") }
            body["num_uses"] = .int(useLimit)
        }
        return body
    }
}

/// The command `coffer token lookup`.
struct TokenLookup: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token lookup [options] [<token>]", "Show a token's policies, TTL and metadata.",
        notes: "Without a token, the command uses your own.",
        examples: "coffer token lookup", "coffer token lookup -accessor ACCESSOR")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "The argument is an accessor instead of a token.") var accessor = false
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(accessor ? 1...1 : 0...1)
        let (path, body) = TokenCommand.request("auth/token/lookup", about: arguments.first, isAccessor: accessor)
        let response = try await session.call("Error looking up token") {
            try await $0.request(body.isEmpty ? .get : .post, path, body: body.isEmpty ? nil : .object(body))
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}

/// The command `coffer token renew`.
struct TokenRenew: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token renew [options] [<token>]", "Renew a token's TTL.",
        notes: "Without a token, the command uses your own.",
        examples: "coffer token renew", "coffer token renew -increment=1h coffer.s.…")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "The argument is an accessor instead of a token.") var accessor = false
    @Option(name: [.long, .customLong("i")], help: .init("The lifetime to request, from now.", valueName: "duration"))
    var increment: String?
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(accessor ? 1...1 : 0...1)
        var (path, body) = TokenCommand.request("auth/token/renew", about: arguments.first, isAccessor: accessor)
        body["increment"] = try ArgumentText.duration(increment, flag: "increment")
        let response = try await session.call("Error renewing token") { [body] in
            try await $0.request(.post, path, body: .object(body))
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}

/// The command `coffer token revoke`.
struct TokenRevoke: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token revoke [options] [<token>]", "Revoke a token and the tokens that it created.",
        examples: "coffer token revoke coffer.s.…", "coffer token revoke -accessor ACCESSOR", "coffer token revoke -self",
        "coffer token revoke -mode=path auth/userpass/login/ann      # all tokens of this login")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: .customLong("self"), help: "Revoke your own token.") var own = false
    @Flag(help: "The argument is an accessor instead of a token.") var accessor = false
    @Option(
        help: .init(
            "orphan (only the token, not those that it created) or path (all tokens that a login path issued).", valueName: "mode"))
    var mode: String?
    @Argument(help: .init("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        guard [nil, "", "orphan", "path"].contains(mode) else { throw CommandFailure.local("-mode must be orphan or path") }
        if arguments.isEmpty, !own, mode != "path" {
            throw CommandFailure.arguments(
                "Give the token to revoke, or its accessor with -accessor; -self revokes your own token", missing: nil)
        }
        try arguments.expect(own ? 0 : 1)
        let hasMode = mode.unlessEmpty != nil
        if accessor, hasMode || own { throw CommandFailure.local("-accessor cannot be used with -mode or -self") }
        if mode == "path", !own { return try await revokePath(session) }
        guard !own || !hasMode else { throw CommandFailure.local("-self cannot be used with -mode") }
        let route = mode == "orphan" ? "auth/token/revoke-orphan" : "auth/token/revoke"
        let (path, body) = TokenCommand.request(route, about: arguments.first, isAccessor: accessor)
        try await session.call("Error revoking token") { try await $0.request(.post, path, body: .object(body)) }
        try session.printer.success("Success! Revoked token (if it existed)")
    }

    private func revokePath(_ session: Session) async throws {
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error revoking the tokens of \(path)") {
            try await $0.request(.put, "sys/leases/revoke-prefix/" + path, body: ["sync": true])
        }
        try session.printer.success("Success! Revoked the tokens that \(path) issued (if there were any)")
    }
}

/// The command `coffer token capabilities`.
struct TokenCapabilities: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token capabilities [options] [<token>] <path>", "Show what a token may do on a path.",
        notes: "Without a token, the command uses your own.",
        examples: "coffer token capabilities secret/data/app", "coffer token capabilities coffer.s.… secret/data/apis/openai")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "The first argument is an accessor instead of a token.") var accessor = false
    @Argument(help: .init("The token or accessor, then the path.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(accessor ? 2...2 : 1...2)
        let path = arguments[arguments.count - 1]
        let token = arguments.count == 2 ? arguments[0] : nil
        let (route, about) = TokenCommand.request("sys/capabilities", about: token, isAccessor: accessor)
        let body = JSONObject([.init(key: "paths", value: [.string(path)])] + about.members)
        let answer = try await session.call("Error listing capabilities") {
            try await $0.request(.post, route, body: .object(body)).object()
        }
        let data = answer["data"]?.objectValue ?? answer
        let names = ((data[path] ?? data["capabilities"])?.arrayValue ?? []).compactMap(\.stringValue).sorted()
        if session.printer.isTable {
            session.console.output(names.joined(separator: ", "))
        } else {
            try session.printer.value(.strings(names))
        }
    }
}
