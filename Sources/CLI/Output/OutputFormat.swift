internal import CofferClient

/// The form in which a command prints its result.
enum OutputFormat: String {
    /// Tables for people.
    case table
    /// JSON.
    case json
    /// YAML.
    case yaml
    /// The body as the server sent it.
    case raw

    /// Returns the format that a command line or the environment asks for, or a table if the format is unknown.
    ///
    /// Works for command lines that cannot be parsed, so that their errors have the right form.
    static func asked(by arguments: [String], _ environment: [String: String]) -> OutputFormat {
        let flag = ArgumentRewriting.value(of: "format", in: arguments)
        let name = flag ?? EnvironmentSettings(environment)["FORMAT"] ?? ""
        return (try? OutputFormat(named: name)) ?? .table
    }

    /// Creates a format from its name.
    init(named name: String) throws(CommandFailure) {
        switch name.lowercased() {
        case "", "table", "pretty": self = .table
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        case "raw": self = .raw
        default: throw .local("Invalid output format; -format (or COFFER_FORMAT) must be table, json, yaml or raw")
        }
    }
}
