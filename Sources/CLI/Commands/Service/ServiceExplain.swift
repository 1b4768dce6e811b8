internal import ArgumentParser
internal import Server
internal import ServiceRules
internal import Syntax

/// Explains rules offline: it reads the same files as the server and needs neither a server nor a token.
struct ServiceExplain: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer service explain [options] <service> [<project/path>]",
        "Show what a service may do with a secret, and which rule decides.",
        notes: "The command reads the same files as the server and needs neither a running server nor a token.",
        examples: "coffer service explain myscheduler newsbot/prod/api-key",
        "coffer service explain -env-file=.env -policy-text myscheduler   # its rules as a policy")
    @Option(help: .init("The server's file of variables. (default: .env)", valueName: "file")) var envFile: String?
    @OptionGroup(title: "Output") var local: LocalOptions
    @Flag(name: .customLong("policy-text"), help: "Print the whole policy of the service.") var policy = false
    @Argument(help: .init("The service, then PROJECT/PATH or secret:PROJECT:PATH.", valueName: "service"))
    var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(policy ? 1...1 : 2...2)
        var options = ServerOptions(environment: system.environment)
        options.envFile = envFile.unlessEmpty
        let catalog: ServiceCatalog
        do throws(ConfigurationError) { catalog = try ServicesConfiguration.catalog(options) } catch {
            throw CommandFailure.local("\(error)")
        }
        guard let service = catalog[arguments[0]] else {
            throw CommandFailure.local("No service has this name. ALLOWED_SERVICES lists the services.")
        }
        if policy {
            do throws(ServiceCatalogError) {
                system.console.outputExactly(
                    try service.compiled(mount: "services/", projectsMount: "service-projects/").policy)
            } catch {
                throw CommandFailure.local("\(error)")
            }
            return
        }
        let path = try Self.path(arguments[1])
        let printer = try local.printer(system)
        let rows = ServiceAction.allCases.map { action in row(for: action, of: service, path: path) }
        try printer.rows(
            rows, header: ["Action", "Verdict", "Rule", "From"],
            json: .array(
                rows.map { ["action": .string($0[0]), "verdict": .string($0[1]), "rule": .string($0[2]), "from": .string($0[3])] }))
    }

    private func row(for action: ServiceAction, of service: ServiceDefinition, path: String) -> [String] {
        guard service.isEnabled else { return [action.rawValue, "denied", "the service is not enabled", ""] }
        return switch service.rules.decision(action, on: path) {
        case .allowed(let rule): [action.rawValue, "allowed", rule.text, rule.source]
        case .denied(let rule): [action.rawValue, "denied", rule.text, rule.source]
        case .unmentioned: [action.rawValue, "denied", "no rule is about this", ""]
        }
    }

    /// Returns the path of a secret, given as `newsbot/prod/api-key` or in the form of refusals, `secret:newsbot:prod/api-key`.
    private static func path(_ text: String) throws(CommandFailure) -> String {
        guard let rest = text.rest(after: "secret:") else { return try ArgumentText.requiredPath(text) }
        guard let (project, path) = rest.cut(at: ":") else {
            throw .local("The secret must have the form PROJECT/PATH or secret:PROJECT:PATH")
        }
        return "\(project)/\(path)"
    }
}
