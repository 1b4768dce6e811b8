import Syntax

/// The OpenAPI document of the User API.
enum UserDocument {
    static var json: JSON {
        [
            "openapi": "3.1.0",
            "info": ["title": "User API", "version": "1", "description": "The secrets of the user that calls."],
            "paths": paths,
            "components": [
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]],
                "schemas": [
                    "Error": object(["detail"]), "Limited": object(["error"]), "Secret": secret, "NewSecret": new, "Change": change,
                ],
            ],
        ]
    }

    private static var paths: JSON {
        let id = parameter("id", "path")
        let filters = ["provider", "secret_type", "is_active"].map { parameter($0, "query") }
        return [
            "/api/v1/secrets": [
                "get": operation("List all secrets, the newest first, without values.", ["200": list], query: filters),
                "post": operation(
                    "Store a secret, or replace that of the same provider and type.", ["201": one], body: "NewSecret"),
            ],
            "/api/v1/secrets/{id}": [
                "parameters": [id],
                "get": operation(
                    "Show a secret, and reveal its value with decrypt=true.", ["200": one, "404": error],
                    query: [parameter("decrypt", "query")]),
                "put": operation("Change what is sent.", ["200": one, "404": error], body: "Change"),
                "delete": operation("Delete a secret.", ["204": ["description": "Done."], "404": error]),
            ],
            "/api/v1/me/secrets": [
                "get": operation(
                    "Search for secrets, in pages.", ["200": ["description": "A page."]],
                    query: filters
                        + ["search", "tag", "status", "expires_before", "after", "limit"].map { parameter($0, "query") })
            ],
            "/api/v1/me/secrets/{id}": ["parameters": [id], "get": own("Show a secret as the engine does.")],
            "/api/v1/me/secrets/{id}/versions": ["parameters": [id], "get": own("List the versions.")],
            "/api/v1/me/secrets/{id}/access": ["parameters": [id], "get": own("Show who did what with the secret.")],
            "/api/v1/me/secrets/{id}/restore": ["parameters": [id], "post": own("Make an old version the current value.")],
            "/api/v1/me/access": ["get": own("Show who did what.")],
            "/api/v1/me/trash": ["get": own("List deleted secrets.")],
            "/api/v1/me/trash/{id}": [
                "parameters": [id],
                "delete": operation("Delete a secret for good.", ["204": ["description": "Done."], "404": error]),
            ],
            "/api/v1/me/trash/{id}/restore": ["parameters": [id], "post": own("Take a secret back.")],
            "/api/v1/me/bulk": ["post": own("Change many secrets.")],
            "/api/v1/resolve": ["post": own("Get the values that a user's workflow needs, as a service.")],
            "/api/v1/me/tags": ["get": operation("List the tags with their numbers.", ["200": ["description": "The tags."]])],
        ]
    }

    /// An operation whose fields and answer are those of the engine.
    private static func own(_ summary: String) -> JSON { operation(summary, ["200": ["description": "Done."], "404": error]) }

    private static func operation(_ summary: String, _ answers: JSON, query: [JSON] = [], body: String? = nil) -> JSON {
        var responses = answers.objectValue ?? [:]
        for status in ["401", "403", "422", "503"] { responses[status] = error }
        responses["429"] = reply("Limited")
        var operation: JSONObject = [
            "summary": .string(summary), "security": [["bearer": []]], "responses": .object(responses),
        ]
        if !query.isEmpty { operation["parameters"] = .array(query) }
        if let body { operation["requestBody"] = ["required": true, "content": ["application/json": ["schema": schema(body)]]] }
        return .object(operation)
    }

    private static func parameter(_ name: String, _ place: String) -> JSON {
        ["name": .string(name), "in": .string(place), "required": .bool(place == "path"), "schema": ["type": "string"]]
    }

    private static var error: JSON { reply("Error") }
    private static var one: JSON { reply("Secret") }
    private static var list: JSON {
        [
            "description": "The secrets.",
            "content": ["application/json": ["schema": ["type": "array", "items": schema("Secret")]]],
        ]
    }

    private static func reply(_ name: String) -> JSON {
        ["description": .string(name), "content": ["application/json": ["schema": schema(name)]]]
    }

    private static func schema(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }

    private static let time: JSON = ["type": ["string", "null"], "description": "UTC without a zone: 2026-11-30T08:04:14.754683"]
    private static let text: JSON = ["type": "string"]
    private static let optionalText: JSON = ["type": ["string", "null"]]
    private static let tags: JSON = ["type": "array", "items": ["type": "string"]]

    private static func object(_ names: [String]) -> JSON {
        [
            "type": "object", "required": .strings(names),
            "properties": .object(JSONObject(names.map { .init(key: $0, value: text) })),
        ]
    }

    private static var secret: JSON {
        let properties: JSONObject = [
            "id": text, "user_id": text, "name": text, "provider": text, "secret_type": text, "description": optionalText,
            "tags": tags, "is_active": ["type": "boolean"], "last_used_at": time, "usage_count": ["type": "integer"],
            "expires_at": time, "created_at": time, "updated_at": time, "value": optionalText,
        ]
        return [
            "type": "object", "required": .strings(properties.members.map(\.key)), "properties": .object(properties),
        ]
    }

    private static let sentTime: JSON = ["type": ["string", "integer", "null"]]

    private static var new: JSON {
        [
            "type": "object", "required": ["name", "provider", "secret_type", "value"],
            "properties": [
                "name": text, "provider": text, "secret_type": text, "value": text, "description": optionalText, "tags": tags,
                "expires_at": sentTime,
            ],
        ]
    }

    private static var change: JSON {
        [
            "type": "object",
            "properties": [
                "name": optionalText, "value": optionalText, "description": optionalText, "tags": tags,
                "is_active": ["type": ["boolean", "null"]], "expires_at": sentTime,
            ],
        ]
    }
}
