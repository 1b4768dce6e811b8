internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct TokenCreate: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a token.",
        usage: "coffer token create [options]",
        discussion: """
            Examples:
              $ coffer token create -policy=app -ttl=24h
              $ coffer token create -role=ci -format=json
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: ArgumentHelp("A policy of the token; may be repeated.", valueName: "name")) var policy: [String] = []
    @Option(name: .customLong("ttl"), help: ArgumentHelp("How long it lives unless renewed.", valueName: "duration")) var ttl:
        String?
    @Option(name: .customLong("explicit-max-ttl"), help: ArgumentHelp("How long it lives at most.", valueName: "duration"))
    var explicitMaxTTL: String?
    @Option(help: ArgumentHelp("Each renewal gives it this long again, without end.", valueName: "duration")) var period: String?
    @Flag(inversion: .prefixedNo, help: "Whether it can be renewed.") var renewable = true
    @Flag(help: "Give it no parent: it outlives the token that makes it.") var orphan = false
    @Flag(help: "Leave the default policy out.") var noDefaultPolicy = false
    @Option(help: ArgumentHelp("How many requests it is good for; 0 for any number.", valueName: "number")) var useLimit: Int?
    @Option(help: ArgumentHelp("A name for the audit trail.", valueName: "name")) var displayName: String?
    @Option(help: ArgumentHelp("Audited metadata as key=value; may be repeated.", valueName: "key=value")) var metadata: [String] =
        []
    @Option(name: .customLong("id"), help: ArgumentHelp("The token itself, chosen by a root token.", valueName: "token")) var id:
        String?
    @Option(help: ArgumentHelp("Apply this token role.", valueName: "name")) var role: String?
    @Option(help: "service or batch.") var type: String?
    @Option(help: ArgumentHelp("The alias of its entity; needs -role.", valueName: "name")) var entityAlias: String?
    @Option(help: "Print this field alone, such as token.") var field: String?
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
