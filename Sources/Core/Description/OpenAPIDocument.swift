import EngineKit
import Syntax

/// An OpenAPI 3.0.2 document of declared paths, in the form from which clients of the Vault API generate code.
struct OpenAPIDocument {
    /// How the document is written.
    struct Options: Sendable {
        /// Whether mount paths are parameters, `/{approle_mount_path}/login` instead of `/approle/login`, for code that works with
        /// every mount of a type.
        var hasGenericMountPaths = false
        /// A suffix for every operation id; empty for none.
        var context = ""
    }

    private let settings: CoreSettings
    let options: Options
    private var paths: [String: JSONObject] = [:]
    private var schemas: [String: JSON] = [:]
    private var operationIDs: Set<String> = []

    init(settings: CoreSettings, options: Options = Options()) {
        self.settings = settings
        self.options = options
    }

    /// Adds all paths of a mount.
    mutating func add(_ mount: Mount) {
        for path in mount.router.paths { add(path, of: mount) }
    }

    /// Adds one path of a mount, unless its template is already in the document.
    mutating func add(_ path: EnginePath, of mount: Mount) {
        let place = OpenAPIPlace(mount, path.pattern, isGeneric: options.hasGenericMountPaths)
        // The router prefers the first of two declarations with the same template.
        guard paths[place.template] == nil else { return }
        var item: JSONObject = ["description": .string(path.summary)]
        if !place.parameters.isEmpty {
            item["parameters"] = .array(place.parameters.map { $0.described(by: path.fields).json })
        }
        item["x-vault-sudo"] = path.access == .sudo ? true : nil
        item["x-vault-unauthenticated"] = path.access == .unauthenticated ? true : nil
        item["x-vault-createSupported"] = path.exists != nil || path.endpoints[.create] != nil ? true : nil
        let writer = OpenAPIOperations(path: path, place: place)
        for var operation in writer.all {
            operation.body["operationId"] = .string(unique(operation.name))
            if let schema = operation.schema {
                let name = register(schema.json, named: schema.name)
                operation.body["requestBody"] = OpenAPIOperations.requestBody(schema: name, mediaType: schema.mediaType)
            }
            item[operation.method] = .object(operation.body)
        }
        paths[place.template] = item
    }

    /// The document, with its paths and schemas sorted by name.
    var json: JSONObject {
        [
            "openapi": "3.0.2",
            "info": [
                "title": "Coffer API",
                "description": .string(Self.description),
                "version": .string(settings.version), "license": ["name": "Apache-2.0"],
            ],
            "servers": [["url": "/v1"]],
            "paths": .object(JSONObject(sorting: paths) { .object($0) }),
            "components": [
                "schemas": .object(JSONObject(sorting: schemas) { $0 }), "responses": OpenAPIOperations.sharedResponses,
            ],
        ]
    }

    private static let description = """
        The Vault API as Coffer serves it. All routes are prefixed with `/v1/`. A request authenticates with a token in \
        `X-Vault-Token` or, without one, with a login for itself alone: `X-Vault-Inline-Auth-Path` has the path of the login, and each \
        `X-Vault-Inline-Auth-Parameter-<name>` one of its parameters, as base64url of `{"key": ..., "value": ...}`.
        """

    /// Returns the operation id with the context, and a number if it is taken.
    private mutating func unique(_ name: String) -> String {
        let base = options.context.isEmpty ? name : name + "_" + options.context
        var candidate = base
        var number = 2
        while !operationIDs.insert(candidate).inserted {
            candidate = "\(base)_\(number)"
            number += 1
        }
        return candidate
    }

    /// Adds a schema and returns its name. Mounts of the same type share equal schemas.
    private mutating func register(_ schema: JSON, named name: String) -> String {
        var candidate = name
        var number = 2
        while let other = schemas[candidate], other != schema {
            candidate = "\(name)\(number)"
            number += 1
        }
        schemas[candidate] = schema
        return candidate
    }
}
