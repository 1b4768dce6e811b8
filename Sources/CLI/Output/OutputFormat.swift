internal import CofferClient

enum OutputFormat: String {
    case table, json, yaml
    /// The body as the server sent it.
    case raw

    /// What a command line asks for, also one that cannot be parsed; the table where it asks for nothing that there is.
    static func asked(by arguments: [String], _ environment: [String: String]) -> OutputFormat {
        let flag = ArgumentRewriting.value(of: "format", in: arguments)
        let name = flag ?? EnvironmentSettings(environment)["FORMAT"] ?? ""
        return (try? OutputFormat(named: name)) ?? .table
    }

    init(named name: String) throws(CommandFailure) {
        switch name.lowercased() {
        case "", "table", "pretty": self = .table
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        case "raw": self = .raw
        default: throw .local("Invalid output format; -format (or COFFER_FORMAT) takes table, json, yaml or raw")
        }
    }
}
