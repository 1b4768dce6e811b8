import EngineKit
import Syntax

/// The identity of a declared path in the document: its template, its parameters, and the words of its operation ids.
struct OpenAPIPlace {
    /// A path parameter.
    struct Parameter {
        var name: String
        var details: String
        var initial: String?

        /// Returns the parameter with the description of the field of the same name, unless it has one.
        func described(by fields: [Field]) -> Parameter {
            guard details.isEmpty, let field = fields.first(where: { $0.name == name }) else { return self }
            return Parameter(name: name, details: field.details, initial: initial)
        }

        var json: JSON {
            var schema: JSONObject = ["type": "string"]
            schema["default"] = initial.map { .string($0) }
            return [
                "name": .string(name), "description": .string(details), "in": "path", "schema": .object(schema), "required": true,
            ]
        }
    }

    /// The path with its parameters in braces, such as `/secret/data/{path}`.
    let template: String
    let parameters: [Parameter]
    /// The type of the mount, such as `kv-v2`; empty for `sys/`.
    let type: String
    /// The segments of the pattern without braces, such as `role`, `role-name`, `secret-id`.
    let words: [String]
    /// The tag of the operations: `secrets`, `auth`, `system` or `identity`.
    let tag: String

    init(_ mount: Mount, _ pattern: PathPattern, isGeneric: Bool) {
        let entry = mount.entry
        type = mount.apiName
        var parameters: [Parameter] = []
        var parts = entry.path.splitUTF8(at: "/").map(String.init)
        if isGeneric, !entry.isBuiltIn {
            let name = type.splitUTF8(at: "-").joined(separator: "_") + "_mount_path"
            parameters.append(
                Parameter(
                    name: name, details: "Path that the engine is mounted at.", initial: String(entry.shownPath.dropLastUTF8())))
            parts = (entry.mountClass == .auth ? ["auth"] : []) + ["{\(name)}"]
        }
        var words: [String] = []
        for segment in pattern.segments {
            switch segment {
            case .literal(let text):
                parts.append(text)
                words.append(text)
            case .one(let name), .rest(let name):
                parts.append("{\(name)}")
                parameters.append(Parameter(name: name, details: "", initial: nil))
                words.append(name)
            }
        }
        template = "/" + parts.joined(separator: "/")
        self.parameters = parameters
        self.words = words
        tag =
            switch entry.mountClass {
            case .auth: "auth"
            case .system: "system"
            case .secret: entry.type == MountEntry.identity.type ? "identity" : "secrets"
            }
    }

    /// Returns the operation id for a verb, such as `kv-v2-read-data-path`.
    func operationName(_ verb: String) -> String {
        let prefix = type.isEmpty ? [] : [type]
        return (prefix + [verb] + words).map(Self.kebab).joined(separator: "-")
    }

    /// Returns the name of a request body's schema for a verb, such as `KvV2WriteDataPathRequest`.
    func schemaName(_ verb: String) -> String {
        operationName(verb).splitUTF8(at: "-").map { $0.prefixUTF8(1).uppercased() + $0.dropFirstUTF8() }.joined() + "Request"
    }

    private static func kebab(_ word: String) -> String {
        String(word.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }
}
