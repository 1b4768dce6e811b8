import EngineKit
import Syntax

/// The operations of one declared path. Reads and listings are GET, and writes are POST.
struct OpenAPIOperations {
    /// The schema of a request body.
    struct Schema {
        var name: String
        var mediaType: String
        var json: JSON
    }

    /// An operation of the document before it has its final id.
    struct Operation {
        /// The key in the path item, such as `get`.
        var method: String
        var name: String
        var body: JSONObject
        var schema: Schema?
    }

    let path: EnginePath
    let place: OpenAPIPlace

    /// The operations that the path supports.
    var all: [Operation] { [get, post, patch, delete].compactMap { $0 } }

    private var get: Operation? {
        let (read, list) = (path.endpoints[.read], path.endpoints[.list])
        guard let summary = (read ?? list)?.summary else { return nil }
        var parameters = queryFields.map(Self.parameter)
        if list != nil {
            parameters.append(read == nil ? Self.mustList : Self.mayList)
        }
        return operation(
            "get", read == nil ? "list" : "read", summary: summary, parameters: parameters, succeedsWith: ["200"],
            contentType: (read ?? list)?.contentType)
    }

    private var post: Operation? {
        guard let endpoint = path.endpoints[.update] ?? path.endpoints[.create] else { return nil }
        var result = operation(
            "post", "write", summary: endpoint.summary, succeedsWith: ["200", "204"], contentType: endpoint.contentType)
        guard endpoint.body == .json else {
            result.body["requestBody"] = [
                "required": true, "content": ["application/octet-stream": ["schema": Self.binary]],
            ]
            return result
        }
        result.schema = schema(verb: "write", mediaType: "application/json", asksForRequired: true)
        return result
    }

    private var patch: Operation? {
        guard let endpoint = path.endpoints[.patch] else { return nil }
        var result = operation("patch", "patch", summary: endpoint.summary, succeedsWith: ["200", "204"])
        result.schema = schema(verb: "patch", mediaType: "application/merge-patch+json", asksForRequired: false)
        return result
    }

    private var delete: Operation? {
        guard let endpoint = path.endpoints[.delete] else { return nil }
        return operation("delete", "delete", summary: endpoint.summary, succeedsWith: ["204"])
    }

    private func operation(
        _ method: String, _ verb: String, summary: String, parameters: [JSON] = [], succeedsWith codes: [String],
        contentType: String? = nil
    ) -> Operation {
        var body: JSONObject = ["summary": .string(summary), "tags": [.string(place.tag)]]
        if !parameters.isEmpty { body["parameters"] = .array(parameters) }
        var responses = JSONObject()
        for code in codes { responses[code] = ["description": code == "204" ? "No content" : "OK"] }
        if let contentType {
            responses["200"] = ["description": "OK", "content": .object([contentType: ["schema": Self.binary]])]
        }
        responses["default"] = ["$ref": "#/components/responses/Error"]
        body["responses"] = .object(responses)
        return Operation(method: method, name: place.operationName(verb), body: body)
    }

    // MARK: Fields

    private var declared: [Field] {
        let captured = Set(path.pattern.captureNames)
        return path.fields.filter { !captured.contains($0.name) }
    }

    /// The fields sent in the query: all of them if the path has no write, and otherwise those declared so.
    private var queryFields: [Field] {
        let writes = path.endpoints.keys.contains { $0.isWrite }
        return declared.filter { $0.isQuery || !writes }
    }

    private static func parameter(_ field: Field) -> JSON {
        let type: JSON =
            switch field.kind {
            case .bool: "boolean"
            case .int: "integer"
            default: "string"
            }
        return [
            "name": .string(field.name), "description": .string(field.details), "in": "query", "schema": ["type": type],
        ]
    }

    private static let mustList: JSON = [
        "name": "list", "description": "Must be `true`.", "in": "query", "required": true,
        "schema": ["type": "string", "enum": ["true"]],
    ]
    private static let mayList: JSON = [
        "name": "list", "description": "Returns a list if `true`.", "in": "query",
        "schema": ["type": "string", "enum": ["true", "false"]],
    ]

    private func schema(verb: String, mediaType: String, asksForRequired: Bool) -> Schema? {
        let fields = declared.filter { !$0.isQuery }
        guard !fields.isEmpty || path.isOpen else { return nil }
        var object: JSONObject = ["type": "object"]
        var properties = JSONObject()
        for field in fields.sorted(by: { $0.name < $1.name }) { properties[field.name] = field.openAPISchema }
        if !fields.isEmpty { object["properties"] = .object(properties) }
        let required = fields.filter(\.isRequired).map(\.name).sorted()
        if asksForRequired, !required.isEmpty { object["required"] = .strings(required) }
        if path.isOpen { object["additionalProperties"] = true }
        return Schema(name: place.schemaName(verb), mediaType: mediaType, json: .object(object))
    }

    private static let binary: JSON = ["type": "string", "format": "binary"]

    /// Returns a request body that refers to a named schema.
    static func requestBody(schema name: String, mediaType: String) -> JSON {
        [
            "required": true,
            "content": .object([mediaType: ["schema": ["$ref": .string("#/components/schemas/" + name)]]]),
        ]
    }

    /// The responses that all operations refer to.
    static let sharedResponses: JSON = [
        "Error": [
            "description": "The request was refused or failed.",
            "content": [
                "application/json": [
                    "schema": [
                        "type": "object", "required": ["errors"],
                        "properties": ["errors": ["type": "array", "items": ["type": "string"]]],
                    ]
                ]
            ],
        ]
    ]
}

extension Field {
    /// The schema of the field in a request body.
    fileprivate var openAPISchema: JSON {
        var schema: JSONObject =
            switch kind {
            case .string: ["type": "string"]
            case .bool: ["type": "boolean"]
            case .int: ["type": "integer"]
            case .duration: ["type": "string", "format": "duration"]
            case .strings: ["type": "array", "items": ["type": "string"]]
            case .ints: ["type": "array", "items": ["type": "integer"]]
            case .object: ["type": "object"]
            case .stringMap: ["type": "object", "format": "kvpairs", "additionalProperties": ["type": "string"]]
            case .any: [:]
            }
        schema["description"] = .string(details)
        if !allowed.isEmpty { schema["enum"] = .strings(allowed) }
        // Requests send a duration as a string, even if its default is declared as a number.
        if let initial { schema["default"] = kind == .duration ? .string(initial.intValue.map(String.init) ?? "0") : initial }
        if isDeprecated { schema["deprecated"] = true }
        return .object(schema)
    }
}
