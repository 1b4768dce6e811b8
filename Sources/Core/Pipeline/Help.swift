import EngineKit
import Syntax

/// `?help=1`, from a path's declaration.
enum Help {
    static func response(for path: EnginePath) -> Response {
        var text = "Request:        \(path.pattern)\n\n\(path.summary)\n"
        if !path.details.isEmpty { text += "\n\(path.details)\n" }
        let operations = path.endpoints.sorted { $0.key.rawValue < $1.key.rawValue }
        text += "\n## OPERATIONS\n\n"
        for (operation, endpoint) in operations { text += "    \(operation.rawValue)\n        \(endpoint.summary)\n\n" }
        if !path.fields.isEmpty {
            text += "## PARAMETERS\n\n"
            for field in path.fields.sorted(by: { $0.name < $1.name }) {
                let notes = [field.isRequired ? "required" : nil, field.isDeprecated ? "deprecated" : nil].compactMap { $0 }
                let note = notes.isEmpty ? "" : ", " + notes.joined(separator: ", ")
                text += "    \(field.name) (\(field.kind.rawValue)\(note))\n        \(field.details)\n\n"
            }
        }
        return .bare(["help": .string(text), "see_also": .null])
    }
}
