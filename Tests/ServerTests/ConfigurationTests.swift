import Foundation
import HTTPShell
import Logging
import Server
import Syntax
import Testing

@Suite struct ConfigurationTests {
    private func read(_ text: String, file: String = "c.hcl") throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        try configuration.apply(text: Array(text.utf8), file: file)
        return configuration
    }

    private func message(_ text: String) -> String {
        do {
            _ = try read(text)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func aVaultConfigurationStarts() throws {
        let configuration = try read(
            """
            ui            = true
            cluster_addr  = "https://127.0.0.1:8201"
            api_addr      = "https://127.0.0.1:8200"
            disable_mlock = true
            default_lease_ttl = "24h"
            max_lease_ttl = "720h"
            log_level = "Debug"
            audit_dirs = ["/var/log/coffer"]

            storage "raft" {
              path = "/opt/vault/data"
              node_id = "node1"
              retry_join { leader_api_addr = "https://10.0.0.2:8200" }
            }

            listener "tcp" {
              address            = "0.0.0.0:8200"
              cluster_address    = "0.0.0.0:8201"
              tls_cert_file      = "/opt/vault/tls/tls.crt"
              tls_key_file       = "/opt/vault/tls/tls.key"
              tls_client_ca_file = "/opt/vault/tls/ca.crt"
              tls_min_version    = "tls13"
              max_request_size   = 2097152
              http_read_timeout  = "15s"
              telemetry { unauthenticated_metrics_access = true }
            }

            telemetry {
              statsite_address = "127.0.0.1:8125"
              disable_hostname = true
            }
            """)
        #expect(configuration.storage == .sqlite(directory: "/opt/vault/data"))
        #expect(configuration.apiAddress == "https://127.0.0.1:8200")
        #expect(configuration.clusterAddress == "https://127.0.0.1:8201")
        #expect(configuration.defaultLeaseTTL == 86_400)
        #expect(configuration.maxLeaseTTL == 720 * 3_600)
        #expect(configuration.logLevel == .debug)
        #expect(configuration.auditDirectories == ["/var/log/coffer"])
        let listener = try #require(configuration.listeners.first)
        #expect(listener.address == .tcp(host: "0.0.0.0", port: 8_200))
        #expect(listener.tls?.certificateFile == "/opt/vault/tls/tls.crt")
        #expect(listener.tls?.minimumVersion == .tls13)
        #expect(listener.tls?.clientCertificates == .optional)
        #expect(listener.limits.bodyBytesMax == 2_097_152)
        #expect(listener.timeouts.readMilliseconds == 15_000)
        let notices = configuration.notices.map(\.description)
        #expect(notices.contains { $0.hasPrefix("c.hcl:10: storage \"raft\" opens a SQLite store") })
        #expect(notices.contains { $0.hasPrefix("c.hcl:18: listener: \"cluster_address\"") })
        #expect(notices.contains { $0.hasPrefix("c.hcl:28: \"telemetry\"") })
    }

    @Test func theSameAsJSON() throws {
        let configuration = try read(
            """
            {"backend": {"file": {"path": "/vault/file"}},
             "listener": [{"tcp": {"address": "127.0.0.1:8200", "tls_disable": "true"}},
                          {"tcp": {"address": "[::1]:8300", "tls_disable": 1}}],
             "seal": [{"static": {"current_key_id": "k1", "current_key": "env://COFFER_UNSEAL_KEY"}}],
             "default_lease_ttl": "168h", "max_lease_ttl": "720h", "ui": true}
            """, file: "c.json")
        #expect(configuration.storage == .sqlite(directory: "/vault/file"))
        #expect(configuration.listeners.map(\.address) == [.tcp(host: "127.0.0.1", port: 8_200), .tcp(host: "::1", port: 8_300)])
        #expect(configuration.listeners.allSatisfy { $0.tls == nil })
        #expect(
            configuration.seals.map(\.mechanism) == [
                .static(currentKeyID: "k1", currentKey: "env://COFFER_UNSEAL_KEY", previousKeyID: nil, previousKey: nil)
            ])
    }

    @Test("defaults are Vault's")
    func defaults() throws {
        let configuration = try read("storage \"inmem\" {}\nlistener \"tcp\" { tls_disable = true }")
        #expect(configuration.storage == .memory)
        #expect(configuration.defaultLeaseTTL == 2_764_800)
        #expect(configuration.maxLeaseTTL == 2_764_800)
        let listener = try #require(configuration.listeners.first)
        #expect(listener.address == .tcp(host: "127.0.0.1", port: 8_200))
        #expect(listener.timeouts.headerMilliseconds == 10_000)
        #expect(listener.timeouts.readMilliseconds == 30_000)
        #expect(listener.timeouts.idleMilliseconds == 300_000)
        #expect(listener.timeouts.requestMilliseconds == 90_000)
        #expect(listener.limits.bodyBytesMax == 32 << 20 && listener.limits.strangerBodyBytesMax == 1 << 20)
    }

    @Test(
        "refuses by name and line",
        arguments: [
            ("ui = true\nlistner \"tcp\" {}", "c.hcl:2: unknown key \"listner\""),
            ("listener \"tcp\" {\n tls_disable = true\n adress = \"canary\"\n}", "c.hcl:3: unknown key \"adress\""),
            ("storage \"sqlite\" {\n path = \"/p\"\n wal = 1\n}", "c.hcl:3: unknown key \"wal\""),
            ("listener \"tcp\" {}", "c.hcl:1: the listener has no tls_cert_file and tls_key_file"),
            (
                "listener \"tcp\" {\n tls_disable = true\n address = \"canary:x:y\"\n}",
                "c.hcl:3: \"address\" must be a host and a port"
            ),
            (
                "listener \"tcp\" { tls_disable = true\n proxy_protocol_behavior = \"allow_authorized\" }",
                "c.hcl:2: \"proxy_protocol_behavior\""
            ),
            ("listener \"udp\" {}", "c.hcl:1: listener \"udp\" is not supported"),
            ("storage \"consul\" {}", "c.hcl:1: storage \"consul\" is not supported"),
            ("storage \"sqlite\" {}", "c.hcl:1: storage \"sqlite\" needs a path"),
            ("storage \"inmem\" {}\nbackend \"inmem\" {}", "c.hcl:2: storage is set twice"),
            ("seal \"awskms\" {}", "c.hcl:1: seal \"awskms\" is not supported"),
            ("seal \"static\" { current_key_id = \"k\" }", "c.hcl:1: seal \"static\" needs current_key_id and current_key"),
            ("default_lease_ttl = \"-1h\"", "c.hcl:1: \"default_lease_ttl\" must be a duration"),
            ("disable_mlock = \"canary\"", "c.hcl:1: \"disable_mlock\" must be true or false"),
            ("log_level = \"canary\"", "c.hcl:1: \"log_level\" has a value"),
            ("audit_dirs = [\"relative\"]", "c.hcl:1: \"audit_dirs\" must be absolute"),
            ("ui = true\nui = false", "c.hcl:2:"),
            ("ui = {", "c.hcl:"),
        ])
    func refuses(_ text: String, _ expected: String) {
        let message = message(text)
        #expect(message.hasPrefix(expected), "\(message)")
        #expect(!message.contains("canary"))
    }

    @Test func laterFilesWinAndListenersAdd() throws {
        var configuration = try read("api_addr = \"one\"\nlistener \"tcp\" { tls_disable = true }")
        try configuration.apply(
            text: Array("api_addr = \"two\"\nlistener \"tcp\" {\n address = \":9200\"\n tls_disable = true\n}".utf8), file: "d.hcl")
        #expect(configuration.apiAddress == "two")
        #expect(
            configuration.listeners.map(\.address) == [.tcp(host: "127.0.0.1", port: 8_200), .tcp(host: "0.0.0.0", port: 9_200)])
    }

    @Test func aBodyLimitIsNeverRaisedPastTheCeiling() throws {
        let configuration = try read("listener \"tcp\" {\n tls_disable = true\n max_request_size = 999999999\n}")
        #expect(configuration.listeners.first?.limits.bodyBytesMax == 32 << 20)
        #expect(configuration.notices.first?.description.hasPrefix("c.hcl:3: ") == true)
    }
}
