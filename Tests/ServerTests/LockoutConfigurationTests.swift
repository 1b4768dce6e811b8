import EngineKit
import Server
import Testing

@Suite struct LockoutConfigurationTests {
    private func read(_ text: String) throws -> [String: LockoutRules] {
        var configuration = ServerConfiguration()
        try configuration.apply(text: Array(text.utf8), file: "c.hcl")
        return configuration.lockouts
    }

    @Test func aBlockForAMethodBeginsFromTheOneForAll() throws {
        let rules = try read(
            """
            user_lockout "userpass" {
              lockout_threshold = "7"
              lockout_duration = "10m"
            }
            user_lockout "all" {
              lockout_threshold = 3
              lockout_counter_reset = "1h"
            }
            user_lockout "approle" { disable_lockout = "true" }
            """)
        #expect(rules["all"]?.threshold == 3 && rules["all"]?.duration == 900 && rules["all"]?.counterReset == 3_600)
        #expect(rules["userpass"]?.threshold == 7 && rules["userpass"]?.duration == 600)
        #expect(rules["userpass"]?.counterReset == 3_600 && rules["userpass"]?.isDisabled == false)
        #expect(rules["approle"]?.isDisabled == true && rules["approle"]?.threshold == 3)
    }

    /// Every method that locks names, and every kind of inline credentials.
    @Test(arguments: ["all", "userpass", "approle", "ldap", "service", "engine"])
    func takesRulesFor(label: String) throws {
        #expect(try read("user_lockout \"\(label)\" { lockout_threshold = 9 }")[label]?.threshold == 9)
    }

    @Test func aThresholdOfZeroLocksNobody() throws {
        #expect(try read("user_lockout \"all\" { lockout_threshold = 0 }")["all"]?.isDisabled == true)
    }

    @Test(arguments: [
        "user_lockout \"nobody\" { lockout_threshold = 1 }", "user_lockout \"all\" { threshold = 1 }",
        "user_lockout \"all\" { lockout_threshold = -1 }", "user_lockout \"all\" { lockout_duration = 0 }",
        "user_lockout { lockout_threshold = 1 }", "user_lockout \"all\" { disable_lockout = \"maybe\" }",
    ])
    func refusesWhatItDoesNotUnderstand(text: String) {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }
}
