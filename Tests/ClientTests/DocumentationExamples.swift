import CofferClient
import Foundation
import Syntax

/// The code of the articles in `Documentation.docc`, so that it compiles. `DocumentationTests` compares the two: an example begins
/// after a line `// example` and ends before `// end`.
enum DocumentationExamples {
    static func overview() async throws -> String? {
        // example
        let client = try CofferClient(configuration: ClientConfiguration(environment: ProcessInfo.processInfo.environment))
        let version = try await client.kv2().get("app/database")
        let password = version?.data?["password"]?.stringValue
        // end
        return password
    }

    static func fromEnvironment() throws -> CofferClient {
        // example
        let environment = ProcessInfo.processInfo.environment
        let client = try CofferClient(configuration: ClientConfiguration(environment: environment))
        // end
        return client
    }

    static func inCode(token: String) async throws {
        // example
        var configuration = ClientConfiguration(address: "http://127.0.0.1:8200")
        configuration.token = token
        configuration.timeout = .seconds(10)
        let client = try CofferClient(configuration: configuration)
        // end
        // example
        await client.shutdown()
        // end
    }

    static func read(_ client: CofferClient) async throws -> String? {
        // example
        guard let version = try await client.kv2().get("app/database"), let data = version.data else {
            return nil  // There is no such secret, or its newest version is deleted.
        }
        return data["password"]?.stringValue
        // end
    }

    static func encrypt(_ client: CofferClient, base64: String) async throws -> String? {
        // example
        let answer = try await client.write("transit/encrypt/app", ["plaintext": .string(base64)])
        return answer?.data?["ciphertext"]?.stringValue
        // end
    }

    static func errors(_ client: CofferClient) async throws -> KeyValueV2.Version? {
        // example
        do {
            return try await client.kv2().get("app/database")
        } catch {
            switch (error.code, error.status) {
            case (.api, 403): print("The token is missing, invalid, or not allowed to read this secret.")
            case (.api, 503): print("The server is sealed or cannot reach its storage.")
            case (.api, _): print("The server refused the request: \(error.errors)")
            case (.connectionRefused, _), (.connectionFailed, _), (.timedOut, _): print("The server cannot be reached.")
            default: print(error)
            }
            throw error
        }
        // end
    }

    static func logIn(address: String, roleID: String, secretID: String) async throws -> CofferClient {
        // example
        var client = try CofferClient(configuration: ClientConfiguration(address: address))
        let login: JSONObject = ["role_id": .string(roleID), "secret_id": .string(secretID)]
        let answer = try await client.write("auth/approle/login", login)
        client.configuration.token = answer?.auth?.clientToken
        return client
        // end
    }

    static func renew(_ client: CofferClient) async throws {
        // example
        while !Task.isCancelled {
            let token = try await client.tokens.renewSelf()
            guard token.renewable, token.leaseDuration > 0 else { return }
            try await Task.sleep(for: .seconds(max(1, token.leaseDuration * 2 / 3)))
        }
        // end
    }

    static func narrow(_ client: CofferClient) async throws -> CofferClient {
        // example
        let settings: JSONObject = ["policies": ["reports-read"], "ttl": "15m", "renewable": false]
        let token = try await client.tokens.create(settings)
        var reports = client
        reports.configuration.token = token.clientToken
        return reports
        // end
    }

    static func wrap(_ client: CofferClient) async throws -> String? {
        // example
        var wrapping = client
        wrapping.configuration.wrapTTL = "60s"
        let wrapped = try await wrapping.read("secret/data/app/database")
        return wrapped?.wrapInfo?.token
        // end
    }

    static func unwrap(_ client: CofferClient, wrappingToken: String) async throws -> JSONObject? {
        // example
        var receiver = client
        receiver.configuration.token = wrappingToken
        return try await receiver.write("sys/wrapping/unwrap")?.data
        // end
    }

    static func end(_ client: CofferClient) async throws {
        // example
        try await client.tokens.revokeSelf()
        await client.shutdown()
        // end
    }

    static func checkAndSet(_ client: CofferClient, name: String) async throws -> Bool {
        // example
        let secrets = client.kv2()
        for _ in 1...5 {
            let current = try await secrets.get("team/members")
            var members = current?.data ?? JSONObject()
            members[name] = "active"
            do throws(ClientError) {
                try await secrets.put("team/members", members, cas: current?.number ?? 0)
                return true
            } catch {
                guard error.code == .api, error.status == 400 else { throw error }
            }
        }
        return false
        // end
    }

    static func deletion(_ client: CofferClient) async throws {
        // example
        let secrets = client.kv2()
        try await secrets.delete("app/database", versions: [3])
        try await secrets.undelete("app/database", versions: [3])
        try await secrets.destroy("app/database", versions: [1, 2])
        // end
    }

    static func eitherVersion(_ client: CofferClient, path: String, data: JSONObject) async throws {
        // example
        let mount = try await client.sys.keyValueMount(of: path)
        let body: JSONObject = mount.version == 2 ? ["data": .object(data)] : data
        try await client.write(mount.apiPath(path, "data"), body)
        // end
    }

    static func certificates() throws -> CofferClient {
        // example
        var configuration = ClientConfiguration(address: "https://vault.internal:8200")
        configuration.tls.authorityFile = "/etc/coffer/ca.pem"
        configuration.tls.certificateFile = "/etc/coffer/client.pem"
        configuration.tls.keyFile = "/etc/coffer/client.key"
        return try CofferClient(configuration: configuration)
        // end
    }

    static func socket() throws -> CofferClient {
        // example
        let client = try CofferClient(configuration: ClientConfiguration(address: "unix:///run/coffer.sock"))
        // end
        return client
    }

    static func proxy(_ configuration: inout ClientConfiguration) throws {
        // example
        configuration.proxy = try ClientProxy("http://proxy.internal:3128")
        configuration.followsRedirects = false
        // end
    }

    // example
    struct FixedAnswer: ClientTransport {
        var status = 200
        var body: String

        func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
            TransportResponse(status: status, body: Array(body.utf8))
        }

        func shutdown() async {}
    }
    // end

    static func fixedAnswer() throws -> CofferClient {
        // example
        let transport = FixedAnswer(body: #"{"data":{"data":{"password":"p"},"metadata":{"version":1}}}"#)
        let client = try CofferClient(configuration: ClientConfiguration(), transport: transport)
        // end
        return client
    }
}
