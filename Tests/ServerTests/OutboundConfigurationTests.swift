import EngineKit
import Outbound
import Testing

@testable import Server  // The address policy that the configuration gives is the room's own.

@Suite("Addresses that the servers of mounts' settings may have")
struct OutboundConfigurationTests {
    private func configuration(_ text: String) throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        try configuration.apply(text: Array(text.utf8), file: "c.hcl")
        return configuration
    }

    @Test("exceptions and denied ranges are read, and there are none by default")
    func ranges() throws {
        let policy = try configuration(
            """
            outbound_allowed_addresses = ["169.254.169.254", "198.18.0.0/15"]
            outbound_denied_addresses  = "10.0.0.0/8, 127.0.0.0/8"
            """
        ).outboundAddresses
        #expect(policy.allows("169.254.169.254", for: .configuration) && policy.allows("198.19.0.1", for: .configuration))
        #expect(!policy.allows("10.0.0.1", for: .configuration) && !policy.allows("127.0.0.1", for: .configuration))
        let plain = try configuration("").outboundAddresses
        #expect(plain.allows("10.0.0.1", for: .configuration) && !plain.allows("169.254.169.254", for: .configuration))
    }

    @Test("what is no range is refused", arguments: ["outbound_allowed_addresses", "outbound_denied_addresses"])
    func malformed(key: String) {
        #expect(throws: ConfigurationError.self) { try configuration("\(key) = [\"metadata.canary\"]") }
    }
}
