import CofferClient
import Testing

@Suite struct ConfigurationTests {
    @Test("prefers its own variables to Vault's, and takes an empty one for absent")
    func environment() throws {
        let configuration = try ClientConfiguration(environment: [
            "VAULT_ADDR": "http://vault", "COFFER_ADDR": "http://coffer", "VAULT_TOKEN": "t", "COFFER_TOKEN": "",
            "VAULT_SKIP_VERIFY": "true",
            "VAULT_CLIENT_TIMEOUT": "30s", "COFFER_MAX_RETRIES": "5", "VAULT_CACERT": "ca.pem", "VAULT_NAMESPACE": "n",
        ])
        #expect(configuration.address == "http://coffer")
        #expect(configuration.token == "t")
        #expect(configuration.tls.skipVerify)
        #expect(configuration.timeout == .seconds(30))
        #expect(configuration.retriesMax == 5)
        #expect(configuration.tls.authorityFile == "ca.pem")
        #expect(configuration.namespace == "n")
        #expect(try ClientConfiguration(environment: [:]).address == "https://127.0.0.1:8200")
    }

    @Test(
        "refuses a bad setting by its name",
        arguments: [
            ("VAULT_SKIP_VERIFY", "maybe"), ("COFFER_CLIENT_TIMEOUT", "0"), ("COFFER_CLIENT_TIMEOUT", "soon"),
            ("VAULT_MAX_RETRIES", "-1"),
        ])
    func badEnvironment(name: String, value: String) {
        let error = #expect(throws: ClientError.self) { try ClientConfiguration(environment: [name: value]) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(name) == true)
    }

    @Test(
        "refuses addresses that are none",
        arguments: ["", "server", "server:1", "ftp://x", "http://", "http://:80", "http://u:p@h", "http://h?x", "unix://x"])
    func addresses(text: String) {
        let error = #expect(throws: ClientError.self) { try CofferClient(configuration: .init(address: text)) }
        #expect(error?.code == .invalidAddress)
    }

    @Test("refuses headers that would end early", arguments: ["a\r\nX-Evil: 1", "a\nb", "a\0"])
    func headerInjection(token: String) {
        let error = #expect(throws: ClientError.self) {
            try CofferClient(configuration: .init(address: "http://h", token: token), transport: ScriptedTransport([.init(200)]))
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("Evil") == false)
    }

    @Test("refuses TLS files that are not there")
    func tlsFiles() {
        for change in [
            { $0.authorityFile = "/no/such" }, { $0.authorityDirectory = "/no/such" }, { $0.certificateFile = "/no/such" },
        ] as [(inout ClientTLS) -> Void] {
            var configuration = ClientConfiguration(address: "https://h")
            change(&configuration.tls)
            let error = #expect(throws: ClientError.self) { try CofferClient(configuration: configuration) }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test("says that nobody listens")
    func refused() async throws {
        // Port 1 of the loopback address has no listener.
        let client = try CofferClient(configuration: .init(address: "http://127.0.0.1:1"))
        let error = await #expect(throws: ClientError.self) { try await client.sys.sealStatus() }
        #expect(error?.code == .connectionRefused)
        await client.shutdown()
    }
}
