import Syntax

/// The OpenAPI document of the Service API.
struct ServiceDocument {
    private let settings: ServiceSettings

    init(_ settings: ServiceSettings) { self.settings = settings }

    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": ["title": .string(settings.name), "version": "1", "description": "Projects and their secrets, for services."],
            "paths": paths,
            "components": ["securitySchemes": schemes, "schemas": schemas],
        ]
    }

    private var schemes: JSON {
        [
            "service": ["type": "apiKey", "in": "header", "name": "X-Service"],
            "token": ["type": "apiKey", "in": "header", "name": "X-Token"],
        ]
    }

    // MARK: Paths

    private var paths: JSON {
        let project = parameter("project", "path")
        let path = parameter("path", "path", description: "The path of the secret: any number of segments, such as prod/api-key.")
        return [
            "/": ["get": open("The service's name.", ["200": reply("Message")])],
            "/health": ["get": open("Whether requests are answered.", ["200": reply("Health"), "503": reply("Health")])],
            "/api/projects": [
                "get": guarded("All projects.", ["200": replies("Project")], query: [parameter("after", "query"), Self.limit]),
                "post": guarded("Register a project.", ["201": reply("Project"), "409": error], body: "NewProject"),
            ],
            "/api/projects/{project}": [
                "parameters": [project],
                "get": guarded("One project.", ["200": reply("Project"), "404": error]),
                "patch": guarded(
                    "Change the description of a project.", ["200": reply("Project"), "404": error], body: "ProjectChange"),
                "delete": guarded("Delete a project that has no secrets.", ["204": empty, "400": error, "404": error]),
            ],
            "/api/projects/{project}/set-default": [
                "parameters": [project],
                "put": guarded("Make the project the default one.", ["200": reply("Project"), "404": error]),
            ],
            "/api/secrets": [
                "get": guarded(
                    "List the secrets that the caller may list, without values.", ["200": replies("ListedSecret")], query: listing),
                "post": guarded("Store a new secret.", ["201": reply("Secret"), "409": error], body: "NewSecret"),
            ],
            "/api/secrets/test": [
                "post": guarded(
                    "Check the caller's own credentials, or a provider's.", ["200": reply("Test"), "502": error],
                    body: "TestRequest")
            ],
            "/api/secrets/{project}": [
                "parameters": [project],
                "get": guarded(
                    "Read all secrets of a project that the caller may read.", ["200": replies("Secret"), "404": error]),
            ],
            "/api/secrets/{project}/{path}": [
                "parameters": [project, path],
                "get": guarded("Read a secret.", ["200": reply("Secret"), "404": error]),
                "patch": guarded(
                    "Change the value of a secret.", ["200": reply("Secret"), "404": error, "409": error], body: "Rotation"),
                "delete": guarded("Delete a secret; its versions can be undeleted.", ["204": empty, "404": error]),
            ],
            "/api/secrets/{project}/{path}/versions": [
                "parameters": [project, path],
                "get": guarded("List the versions of a secret.", ["200": replies("Version"), "404": error]),
            ],
        ]
    }

    private var listing: [JSON] {
        [
            parameter("project", "query"), parameter("prefix", "query"), parameter("after", "query"),
            Self.limit,
        ]
    }

    private static let limit: JSON = [
        "name": "limit", "in": "query",
        "schema": ["type": "integer", "minimum": 1, "maximum": .int(ListingQuery.limitMax)],
    ]

    private func parameter(_ name: String, _ place: String, description: String = "") -> JSON {
        [
            "name": .string(name), "in": .string(place), "required": .bool(place == "path"), "description": .string(description),
            "schema": ["type": "string"],
        ]
    }

    private func open(_ summary: String, _ replies: JSON) -> JSON { ["summary": .string(summary), "responses": replies] }

    private func guarded(_ summary: String, _ replies: JSON, query: [JSON] = [], body: String? = nil) -> JSON {
        var responses = replies.objectValue ?? [:]
        for status in ["400", "401", "403", "422", "429", "503"] where responses[status] == nil { responses[status] = error }
        var operation: JSONObject = [
            "summary": .string(summary), "security": [["service": [], "token": []]], "responses": .object(responses),
        ]
        if !query.isEmpty { operation["parameters"] = .array(query) }
        if let body {
            operation["requestBody"] = [
                "required": .bool(body != "TestRequest"), "content": ["application/json": ["schema": schema(body)]],
            ]
        }
        return .object(operation)
    }

    private var empty: JSON { ["description": "Done."] }
    private var error: JSON { reply("Error") }

    private func reply(_ name: String) -> JSON {
        ["description": .string(name), "content": ["application/json": ["schema": schema(name)]]]
    }

    private func replies(_ name: String) -> JSON {
        [
            "description": .string("A list."),
            "content": ["application/json": ["schema": ["type": "array", "items": schema(name)]]],
        ]
    }

    private func schema(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }

    // MARK: Schemas

    private var schemas: JSON {
        let listed = ["id", "project", "path", "version", "updated_at", "updated_by"]
        return [
            "Error": object(["detail"]), "Message": object(["message"]), "Health": object(["status", "service"]),
            "Test": object(["status", "message"]), "TestRequest": object([], optional: ["provider", "value"]),
            "NewProject": object(["name"], optional: ["description"]), "ProjectChange": object([], optional: ["description"]),
            "Project": object(["id", "name", "description", "is_default", "created_at", "created_by"]),
            "NewSecret": object(["project", "value"], optional: ["path", "scope", "env", "name"]),
            "Rotation": object(["value"], optional: ["expected_version"]),
            "Secret": object(listed + ["value"]), "ListedSecret": object(listed),
            "Version": object(["version", "updated_at", "updated_by"]),
        ]
    }

    private func object(_ required: [String], optional: [String] = []) -> JSON {
        var properties = JSONObject()
        for name in required + optional {
            switch name {
            case "version", "expected_version": properties[name] = ["type": "integer", "minimum": 1]
            case "is_default": properties[name] = ["type": "boolean"]
            default: properties[name] = ["type": "string"]
            }
        }
        return ["type": "object", "required": .strings(required), "properties": .object(properties)]
    }
}
