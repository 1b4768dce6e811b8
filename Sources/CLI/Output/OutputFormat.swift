enum OutputFormat: String {
    case table, json, yaml
    /// The body as the server sent it.
    case raw

    init(named name: String) throws(CommandFailure) {
        switch name.lowercased() {
        case "table", "pretty": self = .table
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        case "raw": self = .raw
        default: throw .local("Invalid output format; -format (or COFFER_FORMAT) takes table, json, yaml or raw")
        }
    }
}
