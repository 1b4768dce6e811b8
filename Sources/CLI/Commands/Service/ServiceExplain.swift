internal import ArgumentParser
internal import Server
internal import ServiceRules
internal import Syntax

/// Reads the same files as the server, so it works before one runs and without a token.
struct ServiceExplain: CLICommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show what a service may do with a secret, and by which rule.",
        usage: "coffer service explain [options] <service> [<project/path>]",
        discussion: """
            Reads the same files as the server, so it needs neither a server nor a token.

            Examples:
              $ coffer service explain myscheduler newsbot/prod/api-key
              $ coffer service explain -env-file=.env -policy-text myscheduler   # its rules as a policy
            """)
    @Option(help: ArgumentHelp("The server's file of variables; .env by default.", valueName: "file")) var envFile: String?
    @OptionGroup(title: "Output") var local: LocalOptions
    @Flag(name: .customLong("policy-text"), help: "Print the service's whole policy.") var policy = false
    @Argument(help: ArgumentHelp("The service, then PROJECT/PATH or secret:PROJECT:PATH.", valueName: "service"))
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
            throw CommandFailure.local("There is no service of this name; see ALLOWED_SERVICES")
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
        let rows = ServiceAction.allCases.map { action in row(service, action, path) }
        try printer.rows(
            rows, header: ["Action", "Verdict", "Rule", "From"],
            json: .array(
                rows.map { ["action": .string($0[0]), "verdict": .string($0[1]), "rule": .string($0[2]), "from": .string($0[3])] }))
    }

    private func row(_ service: ServiceDefinition, _ action: ServiceAction, _ path: String) -> [String] {
        guard service.isEnabled else { return [action.rawValue, "denied", "the service is not enabled", ""] }
        return switch service.rules.decision(action, on: path) {
        case .allowed(let rule): [action.rawValue, "allowed", rule.text, rule.source]
        case .denied(let rule): [action.rawValue, "denied", rule.text, rule.source]
        case .unmentioned: [action.rawValue, "denied", "no rule is about this", ""]
        }
    }

    /// `newsbot/prod/api-key`, also as refusals write it: `secret:newsbot:prod/api-key`.
    private static func path(_ text: String) throws(CommandFailure) -> String {
        guard let rest = text.rest(behind: "secret:") else { return try ArgumentText.requiredPath(text) }
        guard let (project, path) = rest.cut(at: ":") else {
            throw .local("A secret is written PROJECT/PATH or secret:PROJECT:PATH")
        }
        return "\(project)/\(path)"
    }
}
