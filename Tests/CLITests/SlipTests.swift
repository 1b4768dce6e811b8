import Syntax
import Testing

@Suite("A slip at the command line")
struct SlipTests {
    @Test("with a one-time password of another length decodes nothing", arguments: ["12345678", "", "123456789x"])
    func oneTimePassword(otp: String) async {
        // "hvs.token" laid over "123456789", nine bytes.
        let encoded = "WURAGkFZXF1X"
        let run = await CommandRun(["operator", "generate-root", "-decode=\(encoded)", "-otp=\(otp)"])
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.requests.isEmpty)
        let right = await CommandRun(["operator", "generate-root", "-decode=\(encoded)", "-otp=123456789"])
        #expect(right.status == 0)
        #expect(!right.output.isEmpty)
    }

    @Test("narrows no batch token, of which a server keeps nothing to check the narrower one with")
    func batchToken() async {
        let run = await CommandRun(["token", "attenuate", "-ttl=1h", "coffer.b.AAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("A batch token cannot be narrowed"))
        #expect(!run.errors.contains("AAAA"))
    }

    @Test("that would make one variable of two secrets makes none", arguments: [["a-b", "a_b"], ["a.b", "a/b"]])
    func oneVariable(paths: [String]) async {
        let run = await CommandRun(["service", "env", "-project=p", "-env=prod", "-as=shell"]) { _, path in
            if path.utf8.starts(with: "services/metadata/p/prod/".utf8) {
                return (200, envelope(["keys": .array(paths.map { .string($0) })]))
            }
            return (200, envelope(["data": ["value": "canary"]]))
        }
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("a_b"))
        #expect(!run.errors.contains("canary"))
    }
}
