import CLI
import CofferClient
import Syntax
import Testing

@Suite struct UnwrapTests {
    @Test("asks with the wrapping token in the body, or as its own when there is no other")
    func unwraps() async {
        let run = await CommandRun(["unwrap", "hvs.wrapped"]) { _, _ in (200, envelope(["k": "v"])) }
        #expect(run.lines == ["PUT sys/wrapping/unwrap"])
        #expect(run.sent == ["token": "hvs.wrapped"])
        #expect(run.output.contains("k      v"))
        let alone = await CommandRun(["unwrap", "-field=k", "hvs.wrapped"], environment: [:]) { _, _ in (200, envelope(["k": "v"]))
        }
        #expect(alone.output == "v")
        #expect(alone.requests.last?.headers.contains { $0.value == "hvs.wrapped" } == true)
    }

    @Test("says why a wrapping token gives nothing")
    func refused() async {
        let run = await CommandRun(["unwrap", "hvs.wrapped"]) { _, _ in
            (400, ["errors": ["wrapping token is not valid or does not exist"]])
        }
        #expect(run.status == 2)
        #expect(run.errors.contains("* wrapping token is not valid or does not exist"))
    }

    @Test("gives wrapped data a life when none is asked for")
    func wraps() async {
        let run = await CommandRun(["write", "sys/wrapping/wrap", "a=b"]) { _, _ in (200, envelope(.null)) }
        #expect(run.requests.last?.headers.contains { $0.name == "X-Vault-Wrap-TTL" && $0.value == "5m" } == true)
    }
}
