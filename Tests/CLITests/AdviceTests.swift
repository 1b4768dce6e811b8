import Syntax
import Testing

@Suite struct AdviceTests {
    @Test("shows what the server said, and where")
    func apiError() async {
        let run = await CommandRun(["read", "a/b"]) { _, _ in (400, ["errors": ["first", "second"]]) }
        #expect(
            run.errors
                == "Error reading a/b: Error making API request.\n\nURL: GET http://server:8200/v1/a/b\nCode: 400. Errors:\n\n* first\n* second\n"
        )
        #expect(run.status == 2)
    }

    @Test(
        "says what to do next",
        arguments: [
            (403, "permission denied", "coffer login"), (503, "Vault is sealed", "coffer operator unseal"),
            (503, "Coffer is sealed", "coffer operator unseal"), (400, "server is not initialized", "coffer operator init"),
        ])
    func advice(status: Int, error: String, expected: String) async {
        let run = await CommandRun(["read", "a/b"]) { _, _ in (status, ["errors": [.string(error)]]) }
        #expect(run.errors.contains(expected))
        #expect(run.status == 2)
    }

    @Test("says that no token was sent")
    func noToken() async {
        let run = await CommandRun(["read", "a/b"], environment: [:]) { _, _ in (403, ["errors": ["permission denied"]]) }
        #expect(run.errors.contains("coffer login"))
    }

    @Test("never shows the token in an error", arguments: [400, 403, 500, 503])
    func token(status: Int) async {
        let environment = ["VAULT_TOKEN": "hvs.very-secret", "COFFER_MAX_RETRIES": "0"]
        let run = await CommandRun(["read", "a/b"], environment: environment) { _, _ in (status, ["errors": ["no"]]) }
        #expect(!run.errors.isEmpty)
        #expect(!run.errors.contains("very-secret"))
    }

    @Test(
        "ends with 1 on an address that is none",
        arguments: ["server:8200", "ftp://server", "http://", "http://user@server", "unix://relative"])
    func badAddress(address: String) async {
        let run = await CommandRun(["read", "x", "-address=\(address)"])
        #expect(run.status == 1)
        #expect(run.errors.contains("COFFER_ADDR"))
    }
}
