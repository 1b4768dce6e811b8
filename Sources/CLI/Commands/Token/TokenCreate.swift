internal import ArgumentParser
internal import CofferClient
internal import Syntax

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
