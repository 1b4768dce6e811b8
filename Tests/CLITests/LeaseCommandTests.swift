import CLI
import CofferClient
import Syntax
import Testing

@Suite struct LeaseCommandTests {
    @Test(
        "reaches the route of every lease command",
        arguments: [
            (["lease", "lookup", "db/creds/a/1"], "PUT sys/leases/lookup", "{\"lease_id\":\"db/creds/a/1\"}"),
            (["lease", "renew", "db/creds/a/1"], "PUT sys/leases/renew", "{\"lease_id\":\"db/creds/a/1\",\"increment\":0}"),
            (
                ["lease", "renew", "-increment=2m", "db/creds/a/1"], "PUT sys/leases/renew",
                "{\"lease_id\":\"db/creds/a/1\",\"increment\":120}"
            ),
        ])
    func shows(arguments: [String], line: String, body: String) async throws {
        let run = await CommandRun(arguments) { _, _ in (200, envelope(["ttl": 60])) }
        #expect(run.status == 0)
        #expect(run.lines == [line])
        #expect(try run.sent == JSON(parsing: Array(body.utf8)))
        #expect(run.output.contains("ttl    1m\n"))
    }

    @Test(
        "says how far a revocation went",
        arguments: [
            (["lease", "revoke", "a/1"], "PUT sys/leases/revoke", "Success! Queued the revocation of lease: a/1\n"),
            (["lease", "revoke", "-sync", "a/1"], "PUT sys/leases/revoke", "Success! Revoked lease: a/1\n"),
            (
                ["lease", "revoke", "-prefix", "a"], "PUT sys/leases/revoke-prefix/a",
                "Success! Queued the revocation of any leases with prefix: a\n"
            ),
            (
                ["lease", "revoke", "-prefix", "-sync", "a"], "PUT sys/leases/revoke-prefix/a",
                "Success! Revoked any leases with prefix: a\n"
            ),
            (
                ["lease", "revoke", "-force", "-prefix", "a"], "PUT sys/leases/revoke-force/a",
                "Success! Force revoked any leases with prefix: a\n"
            ),
        ])
    func revokes(arguments: [String], line: String, output: String) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 0)
        #expect(run.lines == [line])
        #expect(run.output == output)
    }

    @Test("forces nothing without a prefix") func refuses() async {
        let run = await CommandRun(["lease", "revoke", "-force", "a/1"])
        #expect(run.status == 1)
        #expect(run.requests.isEmpty)
    }
}
