import EngineKit
import Syntax

/// The answer to `?help=1`, built from the declared paths of a mount: `{help, see_also, openapi}`.
struct Help {
    let mount: Mount
    /// The summary of the engine.
    let summary: String
    let settings: CoreSettings

    /// The path of the mount itself, which engines need not declare.
    static let root = EnginePath("", "")

    /// Returns the help of a path or, for ``root``, of the whole mount.
    func response(for path: EnginePath) -> Response {
        var document = OpenAPIDocument(settings: settings)
        let isRoot = path.pattern.segments.isEmpty
        if isRoot { document.add(mount) } else { document.add(path, of: mount) }
        return .bare([
            "help": .string(isRoot ? rootText : text(path)), "openapi": .object(document.json), "see_also": .null,
        ])
    }

    private var rootText: String {
        var text = "## DESCRIPTION\n\n\(summary)\n\n## PATHS\n\n"
        text += """
            These are the paths of this mount. For help on a path, ask for help on any route that matches it. The policies of
            your token decide what you may do there.


            """
        for path in mount.router.paths.sorted(by: { $0.pattern.description < $1.pattern.description }) {
            text += "    \(path.pattern.description)\n        \(path.summary)\n\n"
        }
        return text
    }

    private func text(_ path: EnginePath) -> String {
        var text = "Request:        \(path.pattern)\n\n\(path.summary)\n"
        let operations = path.endpoints.sorted { $0.key.rawValue < $1.key.rawValue }
        text += "\n## OPERATIONS\n\n"
        for (operation, endpoint) in operations { text += "    \(operation.rawValue)\n        \(endpoint.summary)\n\n" }
        if !path.fields.isEmpty {
            text += "## PARAMETERS\n\n"
            for field in path.fields.sorted(by: { $0.name < $1.name }) { text += Self.text(field) }
        }
        return text + "## DESCRIPTION\n\n\(path.details.isEmpty ? path.summary : path.details)\n"
    }

    private static func text(_ field: Field) -> String {
        var notes = [field.kind.rawValue]
        if field.isRequired { notes.append("required") }
        if field.isDeprecated { notes.append("deprecated") }
        var text = "    \(field.name) (\(notes.joined(separator: ", ")))\n        \(field.details)\n"
        if !field.allowed.isEmpty { text += "        One of: \(field.allowed.joined(separator: ", ")).\n" }
        return text + "\n"
    }
}
