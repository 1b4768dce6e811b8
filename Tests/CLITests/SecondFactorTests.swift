import CLI
import CofferClient
import Foundation
import Syntax
import Testing

@Suite("Logins that need a second factor, on the command line")
struct SecondFactorTests {
    private static func lacking(_ constraints: JSON) -> JSON {
        envelope(
            .null,
            auth: [
                "client_token": "", "policies": .null,
                "mfa_requirement": ["mfa_request_id": "r-1", "mfa_constraints": constraints],
            ])
    }

    private static let phone: JSON = ["type": "totp", "id": "m-1", "uses_passcode": true, "name": "phone"]
    private static let fob: JSON = ["type": "totp", "id": "m-2", "uses_passcode": true, "name": ""]

    private func login(_ constraints: JSON, _ arguments: [String] = [], typed: HiddenAnswer?, validated: (Int, JSON?)? = nil) async
        -> CommandRun
    {
        await CommandRun(
            ["login", "-method=userpass", "-no-store"] + arguments + ["username=ann", "password=pw"],
            environment: ["HOME": NSTemporaryDirectory()], typed: typed
        ) { _, path in
            path == "sys/mfa/validate" ? validated ?? (200, LoginTests.made) : (200, Self.lacking(constraints))
        }
    }

    @Test("the code is asked for on a terminal, and completes the login")
    func asks() async {
        let run = await login(["all": ["any": [Self.phone]]], typed: .text(" 123456\n"))
        #expect(run.status == 0 && run.output.contains("hvs.new"))
        #expect(run.lines == ["PUT auth/userpass/login/ann", "PUT sys/mfa/validate"])
        #expect(run.sent == ["mfa_request_id": "r-1", "mfa_payload": ["m-1": ["123456"]]])
        #expect(run.requests[1].headers.first(named: "X-Vault-Token") == nil)
        #expect(!run.output.contains("123456") && !run.errors.contains("123456"))
    }

    @Test("each enforcement is asked for, but no method twice")
    func several() async {
        let run = await login(
            ["a": ["any": [Self.phone]], "b": ["any": [Self.fob, Self.phone]], "c": ["any": [Self.fob]]], typed: .text("123456"))
        #expect(run.sent == ["mfa_request_id": "r-1", "mfa_payload": ["m-1": ["123456"], "m-2": ["123456"]]])
    }

    @Test("without a terminal the message says what to send, and nothing is sent")
    func unattended() async {
        for run in [
            await login(["all": ["any": [Self.phone, Self.fob]]], typed: nil),
            await login(["all": ["any": [Self.phone, Self.fob]]], ["-non-interactive"], typed: .text("123456")),
        ] {
            #expect(run.status == 2 && run.lines == ["PUT auth/userpass/login/ann"])
            #expect(run.errors.contains("This login needs a second factor: a code for phone or m-2."))
            #expect(run.errors.contains("-mfa=phone:CODE"))
            #expect(run.errors.contains(#"{"mfa_request_id":"r-1","mfa_payload":{"m-1":["CODE"]}}"#))
        }
    }

    @Test("without a terminal the message has a method for each enforcement, and none twice")
    func unattendedByTwo() async {
        let run = await login(
            ["a": ["any": [Self.phone]], "b": ["any": [Self.fob, Self.phone]], "c": ["any": [Self.fob]]], typed: nil)
        #expect(run.errors.contains("as -mfa=phone:CODE -mfa=m-2:CODE, or"))
        #expect(run.errors.contains(#"{"mfa_request_id":"r-1","mfa_payload":{"m-1":["CODE"],"m-2":["CODE"]}}"#))
    }

    @Test("a refused code, an empty one, and Ctrl-C fail")
    func failures() async {
        let refusal: (Int, JSON?) = (
            403, ["errors": ["failed to satisfy enforcement all. error: MFA credentials not supplied or incorrect"]]
        )
        let refused = await login(["all": ["any": [Self.phone]]], typed: .text("000000"), validated: refusal)
        #expect(refused.status == 2 && refused.errors.contains("Error completing the login"))
        #expect(refused.errors.contains("failed to satisfy enforcement all"))
        let empty = await login(["all": ["any": [Self.phone]]], typed: .text("\n"))
        #expect(empty.status == 1 && empty.errors.contains("The code is empty") && empty.requests.count == 1)
        let interrupted = await login(["all": ["any": [Self.phone]]], typed: .interrupted)
        #expect(interrupted.status == 130 && interrupted.requests.count == 1)
    }

    @Test("-mfa sends the header with the login, each time it is given")
    func header() async {
        let run = await login([:], ["-mfa=phone:123456", "-mfa=m-2:654321"], typed: nil)
        let sent = run.requests[0].headers.filter { $0.name == "X-Vault-MFA" }.map(\.value)
        #expect(sent == ["phone:123456", "m-2:654321"])
    }
}
