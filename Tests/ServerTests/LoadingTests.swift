import Foundation
import HTTPShell
import Logging
import Server
import Testing

@Suite struct LoadingTests {
    private func directory(_ files: [String: String]) throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appending(path: "coffer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: directory.appending(path: name)) }
        return directory
    }

    private func options(_ paths: [String], _ environment: [String: String] = [:]) -> ServerOptions {
        var options = ServerOptions(environment: environment)
        options.configPaths = paths
        return options
    }

    @Test func readsADirectoryInTheOrderOfNames() throws {
        let directory = try directory([
            "10-base.hcl": "api_addr = \"base\"\nstorage \"sqlite\" { path = \"/p\" }\nlistener \"tcp\" { tls_disable = true }",
            "20-more.json": "{\"api_addr\": \"more\"}", "notes.txt": "canary",
        ])
        defer { try? FileManager.default.removeItem(at: directory) }
        let configuration = try ServerConfiguration.load(options([directory.path]))
        #expect(configuration.apiAddress == "more")
        #expect(configuration.storage == .sqlite(directory: "/p"))
    }

    @Test func variablesWinOverFilesAndTheCommandLineOverBoth() throws {
        let directory = try directory([
            "c.hcl": "log_level = \"info\"\nstorage \"inmem\" {}\nlistener \"tcp\" { tls_disable = true }"
        ])
        defer { try? FileManager.default.removeItem(at: directory) }
        var options = options(
            [directory.path],
            [
                "COFFER_LOG_LEVEL": "warn", "COFFER_AUDIT_DIRS": "/a:/b", "COFFER_LISTEN_ADDRESS": "127.0.0.1:9999",
                "VAULT_API_ADDR": "https://v:8200", "COFFER_MAX_LEASE_TTL": "1000h",
            ])
        var configuration = try ServerConfiguration.load(options)
        #expect(configuration.logLevel == .warning)
        #expect(configuration.auditDirectories == ["/a", "/b"])
        #expect(configuration.listeners.map(\.address) == [.tcp(host: "127.0.0.1", port: 9_999)])
        #expect(configuration.apiAddress == "https://v:8200")
        #expect(configuration.maxLeaseTTL == 3_600_000)
        options.logLevel = "trace"
        configuration = try ServerConfiguration.load(options)
        #expect(configuration.logLevel == .trace)
    }

    @Test func variablesAloneMakeAServer() throws {
        let configuration = try ServerConfiguration.load(
            options([], ["COFFER_STORAGE_PATH": "/data", "COFFER_LISTEN_ADDRESS": ":8200", "COFFER_TLS_DISABLE": "true"]))
        #expect(configuration.storage == .sqlite(directory: "/data"))
        #expect(configuration.listeners.first?.tls == nil)
    }

    @Test(
        "refuses",
        arguments: [
            (["COFFER_MAX_LEASE_TTL": "-5"], "COFFER_MAX_LEASE_TTL must be"),
            (["COFFER_AUDIT_DIRS": "canary"], "COFFER_AUDIT_DIRS must be"),
            (["COFFER_LISTEN_ADDRESS": "canary:x"], "COFFER_LISTEN_ADDRESS must be"), ([:], "no configuration"),
            (["COFFER_STORAGE_PATH": "/p"], "no listener"),
            (["COFFER_STORAGE_PATH": "/p", "COFFER_LISTEN_ADDRESS": ":1"], "COFFER_LISTEN_ADDRESS needs COFFER_TLS_CERT_FILE"),
        ])
    func refuses(_ environment: [String: String], _ expected: String) {
        do {
            _ = try ServerConfiguration.load(options([], environment))
            Issue.record("accepted")
        } catch {
            #expect("\(error)".hasPrefix(expected), "\(error)")
            #expect(!"\(error)".contains("canary"))
        }
    }

    @Test func devModeNeedsNothing() throws {
        var options = ServerOptions(environment: [:])
        options.isDev = true
        let configuration = try ServerConfiguration.load(options)
        #expect(configuration.storage == .memory)
        #expect(configuration.listeners.map(\.address) == [.tcp(host: "127.0.0.1", port: 8_200)])
        #expect(configuration.auditDirectories == ["/tmp"])
        #expect(configuration.dev?.rootToken == nil)
    }

    @Test func devModeKnowsVaultsVariables() throws {
        var options = ServerOptions(environment: ["VAULT_DEV_ROOT_TOKEN_ID": "root", "VAULT_DEV_LISTEN_ADDRESS": "0.0.0.0:1234"])
        options.isDev = true
        options.devStorage = "/data"
        let configuration = try ServerConfiguration.load(options)
        #expect(configuration.dev?.rootToken == "root")
        #expect(configuration.storage == .sqlite(directory: "/data"))
        #expect(configuration.listeners.map(\.address) == [.tcp(host: "0.0.0.0", port: 1_234)])
    }

    @Test func secretsComeFromFilesToo() throws {
        let directory = try directory(["token": "from-file\n"])
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "token").path
        var options = ServerOptions(environment: ["VAULT_DEV_ROOT_TOKEN_ID_FILE": file])
        options.isDev = true
        #expect(try ServerConfiguration.load(options).dev?.rootToken == "from-file")
        options.environment["VAULT_DEV_ROOT_TOKEN_ID"] = "too"
        #expect(throws: ConfigurationError.self) { try ServerConfiguration.load(options) }
    }

    @Test func aFileOfVariablesStandsBehindTheEnvironment() throws {
        let directory = try directory([
            "vars": "# settings\nexport COFFER_LOG_LEVEL=\"debug\"\nCOFFER_API_ADDR='https://file'\n\n"
        ])
        defer { try? FileManager.default.removeItem(at: directory) }
        var options = ServerOptions(environment: ["COFFER_API_ADDR": "https://env"])
        options.isDev = true
        options.envFile = directory.appending(path: "vars").path
        let configuration = try ServerConfiguration.load(options)
        #expect(configuration.logLevel == .debug)
        #expect(configuration.apiAddress == "https://env")
    }
}
