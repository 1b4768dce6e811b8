import EngineKit
import Syntax
import Testing

/// What the server says about its own paths: help and the OpenAPI document.
@Suite struct DescriptionTests {
    private func document(_ server: CoreHarness, token: String? = "", _ query: [(name: String, value: String)] = []) async throws
        -> JSONObject
    {
        try #require(await server.ask(.read, "sys/internal/specs/openapi", token: token, query: query).data)
    }

    private func withMounts() async throws -> CoreHarness {
        let server = try await CoreHarness.make()
        for (path, body) in [
            ("sys/mounts/kv1", ["type": "kv"]), ("sys/mounts/other", ["type": "kv", "options": ["version": "2"]]),
            ("sys/auth/approle", ["type": "approle"]), ("sys/auth/people", ["type": "userpass"]),
        ] as [(String, JSONObject)] {
            #expect(await server.ask(.update, path, body).isSuccess)
        }
        return server
    }

    @Test("is help for every mount's root, with the paths of the mount")
    func rootHelp() async throws {
        let server = try await withMounts()
        for (mount, path) in [
            ("secret", "data/{path...}"), ("kv1", "{path...}"), ("sys", "mounts"), ("auth/token", "create"),
            ("auth/approle", "role/{role_name}"), ("auth/people", "login/{username}"),
        ] {
            for spelling in [mount, mount + "/"] {
                let answer = await server.ask(.help, spelling).data
                #expect(answer?["help"]?.stringValue?.contains("    " + path) == true, "\(spelling)")
                #expect(answer?["see_also"] == .null)
                #expect(answer?["openapi"]?["openapi"] == "3.0.2")
            }
        }
        #expect(await server.ask(.help, "nothing").code == .notFound)
    }

    @Test("is help for a path with its fields and its part of the document")
    func pathHelp() async throws {
        let server = try await withMounts()
        let answer = await server.ask(.help, "auth/approle/role/x").data
        #expect(answer?["help"]?.stringValue?.contains("secret_id_ttl (duration") == true)
        #expect(answer?["openapi"]?["paths"]?.objectValue?.keys == ["/auth/approle/role/{role_name}"])
        for path in ["sys/health", "sys/unseal", "sys/init"] {
            #expect(await server.ask(.help, path).data?["help"]?.stringValue?.contains("## DESCRIPTION") == true)
        }
    }

    @Test("gives help to whoever may use the mount, and to nobody else")
    func helpAccess() async throws {
        let server = try await withMounts()
        await server.writePolicy("app", #"path "secret/data/app" { capabilities = ["read"] }"#)
        let app = try await server.token(["app"], ["no_default_policy": true])
        #expect(await server.ask(.help, "secret", token: app).isSuccess)
        #expect(await server.ask(.help, "secret/metadata/x", token: app).isSuccess)
        for path in ["kv1", "kv1/x", "sys/mounts", "auth/approle", "nothing"] {
            #expect(await server.ask(.help, path, token: app).code == .permissionDenied, "\(path)")
        }
        for path in ["secret", "auth/approle", "auth/approle/login", "auth/people/login/ann", "sys/health", "nothing"] {
            #expect(await server.ask(.help, path, token: nil).code == .permissionDenied, "\(path)")
        }
        #expect(await server.ask(.help, "secret", token: "wrong").code == .permissionDenied)
    }

    @Test("describes every path once, its parameters and its operations by unique names")
    func wholeDocument() async throws {
        let document = try await document(try await withMounts())
        var identifiers: Set<String> = []
        for (template, item) in (document["paths"]?.objectValue ?? .init()).members.map({ ($0.key, $0.value) }) {
            let wanted = Set(template.split(separator: "{").dropFirst().map { String($0.prefix { $0 != "}" }) })
            let named = (item["parameters"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            #expect(Set(named) == wanted, "\(template)")
            for method in ["get", "post", "patch", "delete"] {
                guard let operation = item[method] else { continue }
                let id = try #require(operation["operationId"]?.stringValue)
                #expect(identifiers.insert(id).inserted, "\(id) is there twice")
                if let reference = operation["requestBody"]?["content"]?.objectValue?.members.first?.value["schema"]?["$ref"] {
                    let name = String(try #require(reference.stringValue).dropFirst("#/components/schemas/".count))
                    #expect(document["components"]?["schemas"]?[name] != nil)
                }
            }
        }
        #expect(identifiers.count > 100)
        #expect(
            identifiers.isSuperset(of: ["kv-v2-read-data-path", "kv-v2-read-data-path_2", "approle-write-login", "read-health"]))
    }

    @Test("says what a path is, who may call it, and what its fields hold")
    func extensions() async throws {
        let document = try await document(try await withMounts())
        let paths = try #require(document["paths"]?.objectValue)
        #expect(paths["/sys/seal"]?["x-vault-sudo"] == true)
        #expect(paths["/auth/approle/login"]?["x-vault-unauthenticated"] == true)
        #expect(paths["/secret/data/{path}"]?["x-vault-createSupported"] == true)
        #expect(paths["/sys/mounts"]?["x-vault-sudo"] == nil)
        let list = try #require(paths["/auth/approle/role"]?["get"]?["parameters"]?.arrayValue)
        #expect(list.last?["name"] == "list" && list.last?["required"] == true && list.last?["schema"]?["enum"] == ["true"])
        let read = try #require(paths["/secret/data/{path}"]?["get"]?["parameters"]?.arrayValue)
        #expect(read.map { $0["name"] } == ["version"])
        let patch = paths["/secret/data/{path}"]?["patch"]?["requestBody"]?["content"]?.objectValue
        #expect(patch?.keys == ["application/merge-patch+json"])
        let schemas = try #require(document["components"]?["schemas"]?.objectValue)
        let tune = schemas["WriteMountsPathTuneRequest"]?["properties"]
        #expect(tune?["listing_visibility"]?["enum"] == ["hidden", "unauth"])
        #expect(tune?["default_lease_ttl"]?["type"] == "string", "it may also be \"system\"")
        #expect(tune?["force_no_cache"]?["type"] == "boolean")
        #expect(schemas["WriteRemountRequest"]?["required"] == ["from", "to"])
        #expect(schemas["WriteMountsPathRequest"]?["properties"]?["local"]?["default"] == false)
        #expect(schemas["KvV1WritePathRequest"]?["additionalProperties"] == true)
    }

    @Test("shows a caller only the mounts that it may use")
    func visibleMounts() async throws {
        let server = try await withMounts()
        await server.writePolicy("app", #"path "secret/data/app" { capabilities = ["read"] }"#)
        let app = try await server.token(["app"], ["no_default_policy": true])
        let paths = try #require(try await document(server, token: app)["paths"]?.objectValue?.keys)
        #expect(!paths.isEmpty && paths.allSatisfy { $0.hasPrefix("/secret/") })
        #expect(try await document(server, token: nil)["paths"] == [:])
        #expect(await server.ask(.update, "sys/auth/people/tune", ["listing_visibility": "unauth"]).isSuccess)
        let open = try #require(try await document(server, token: nil)["paths"]?.objectValue?.keys)
        #expect(!open.isEmpty && open.allSatisfy { $0.hasPrefix("/auth/people/") })
    }

    @Test("writes mounts of one type once when their paths are parameters")
    func genericMounts() async throws {
        let server = try await withMounts()
        let document = try await document(server, [("generic_mount_paths", "true"), ("context", "v1")])
        let paths = try #require(document["paths"]?.objectValue)
        #expect(paths["/secret/data/{path}"] == nil)
        #expect(paths["/{kv_v2_mount_path}/data/{path}"]?["get"]?["operationId"] == "kv-v2-read-data-path_v1")
        #expect(paths["/auth/{approle_mount_path}/login"]?["parameters"]?.arrayValue?[0]["schema"]?["default"] == "approle")
        #expect(paths["/auth/token/create"] != nil && paths["/sys/mounts"] != nil)
        let posted = await server.ask(.update, "sys/internal/specs/openapi", ["generic_mount_paths": true, "context": "v1"]).data
        #expect(posted == document)
    }
}
