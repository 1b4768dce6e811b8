import EngineKit
import Syntax

/// Declared paths as an OpenAPI 3.0.2 document, in the shape that clients of the Vault API generate code from.
struct OpenAPIDocument {
    struct Options: Sendable {
        /// `/{approle_mount_path}/login` in place of `/approle/login`: for code that works with every mount of a type.
        var hasGenericMountPaths = false
        /// Ends every operation id.
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

    mutating func add(_ mount: Mount) {
        for path in mount.router.paths { add(path, of: mount) }
    }

    mutating func add(_ path: EnginePath, of mount: Mount) {
        let place = OpenAPIPlace(mount, path.pattern, isGeneric: options.hasGenericMountPaths)
        // Of two declarations with one template the router takes the first.
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

    /// The document, its parts in the order of their names.
    var json: JSONObject {
        [
            "openapi": "3.0.2",
            "info": [
                "title": "Coffer API",
                "description": "The Vault API as Coffer serves it. All routes are prefixed with `/v1/`.",
                "version": .string(settings.version), "license": ["name": "Apache-2.0"],
            ],
            "servers": [["url": "/v1"]],
            "paths": .object(Self.sorted(paths.mapValues { .object($0) })),
            "components": ["schemas": .object(Self.sorted(schemas)), "responses": OpenAPIOperations.sharedResponses],
        ]
    }

    private static func sorted(_ values: [String: JSON]) -> JSONObject {
        JSONObject(values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) })
    }

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

    /// Mounts of one type share the schemas that are the same.
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
