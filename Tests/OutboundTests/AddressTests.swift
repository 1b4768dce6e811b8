import Outbound
import Testing

@Suite("Outbound addresses")
struct AddressTests {
    @Test(
        "refuses a URL that could be read in two ways",
        arguments: [
            "", "https://", "https:///path", "ftp://example.com/", "//example.com/", "example.com",
            "https://user@example.com/", "https://user:pw@example.com/", "https://example.com#x", "https://exa mple.com/",
            "https://example.com\\@evil.com/", "https://example.com:/", "https://example.com:0/", "https://example.com:70000/",
            "https://example.com:443x/", "https://example..com/", "https://.example.com/", "https://example.com./",
            "https://-a.com/", "https://a-.com/", "https://exämple.com/", "https://example.com/\u{0}",
            // Every spelling of 127.0.0.1 that some program takes for an address.
            "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/",
            "https://127.1/", "https://127.0.1/", "https://127.0.0.01/", "https://127.0.0.1./", "https://0/",
            "https://127.0.0.256/", "https://1.2.3.4.5/", "https://[127.0.0.1]/", "https://[::1/", "https://::1/",
            "https://[::1%25eth0]/", "https://[::ffff:7f00:1]x/", "https://example.com:443:443/",
        ])
    func refusesURL(text: String) {
        #expect(OutboundURL(text) == nil)
    }

    @Test(
        "reads a plain URL",
        arguments: [
            ("https://slack.com/api/oauth.v2.access", "slack.com", 443, "/api/oauth.v2.access", false),
            ("HTTPS://Slack.COM", "slack.com", 443, "/", false), ("https://a.b:8443?x=1", "a.b", 8_443, "/?x=1", false),
            ("http://127.0.0.1:9/t", "127.0.0.1", 9, "/t", true), ("https://[::1]:9/", "::1", 9, "/", true),
        ])
    func readsURL(text: String, host: String, port: Int, target: String, isAddress: Bool) throws {
        let url = try #require(OutboundURL(text))
        #expect((url.host, url.port, url.target, url.isAddress) == (host, port, target, isAddress))
    }

    @Test(
        "refuses addresses that are not public",
        arguments: [
            "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
            "192.0.0.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
            "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
            "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "::127.0.0.1", "not-an-address", "",
        ])
    func refusesAddress(address: String) {
        #expect(!AddressPolicy().allows(address))
    }

    @Test("allows public addresses", arguments: ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
    func allowsAddress(address: String) {
        #expect(AddressPolicy().allows(address))
    }

    @Test(
        "allows private addresses when they are configured, but never what is none", arguments: [("127.0.0.1", true), ("x", false)])
    func allowsPrivate(address: String, isAllowed: Bool) {
        #expect(AddressPolicy(allowsPrivate: true).allows(address) == isAllowed)
    }
}
