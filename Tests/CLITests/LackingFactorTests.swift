import CLI
import CofferClient
import Foundation
import Syntax
import Testing

@Suite("Logins that lack a factor, and addresses in errors, on the command line")
struct LackingFactorTests {
    private static let lacking: JSON = envelope(
        .null,
        auth: [
            "client_token": "", "policies": .null,
            "mfa_requirement": [
                "mfa_request_id": "r-1",
                "mfa_constraints": ["people": ["any": [["type": "totp", "id": "m-1", "uses_passcode": true, "name": "phone"]]]],
            ],
        ])

    @Test("`write` shows what is lacking, and no token that there is not")
    func write() async {
        let run = await CommandRun(["write", "auth/userpass/login/ann", "password=pw"]) { _, _ in (200, Self.lacking) }
        #expect(run.status == 0 && run.output.contains("mfa_request_id") && run.output.contains("r-1"))
        #expect(run.output.contains("mfa_constraint_people") && run.output.contains("phone (m-1)"))
        #expect(!run.output.contains("token"))
    }

    @Test("`-field=token` fails, and `-field=mfa_request_id` is the id")
    func field() async {
        let run = await CommandRun(["write", "-field=token", "auth/userpass/login/ann", "password=pw"]) { _, _ in
            (200, Self.lacking)
        }
        #expect(run.status == 2 && run.output.isEmpty && run.errors.contains("needs a second factor"))
        let id = await CommandRun(["write", "-field=mfa_request_id", "auth/userpass/login/ann", "password=pw"]) { _, _ in
            (200, Self.lacking)
        }
        #expect(id.status == 0 && id.output.contains("r-1"))
    }

    @Test("a refused code has no hint about locked accounts, mounts and tokens")
    func hint() async {
        let refusal: JSON = ["errors": ["failed to satisfy enforcement all. error: code already used; wait for the next one"]]
        let run = await CommandRun(
            ["login", "-method=userpass", "-no-store", "-mfa=phone:123456", "username=ann", "password=pw"],
            environment: ["HOME": NSTemporaryDirectory()]
        ) { _, _ in (403, refusal) }
        #expect(run.status == 2 && run.errors.contains("code already used"))
        for word in ["locked", "mounted", "No token", "coffer login"] { #expect(!run.errors.contains(word), "\(word)") }
    }

    @Test("a missing field comes with the warnings, which may say why")
    func warnings() async {
        let answer = envelope(.null, warnings: ["Entity already has a secret"])
        let run = await CommandRun(["write", "-field=barcode", "identity/mfa/method/totp/admin-generate", "method_id=m"]) { _, _ in
            (200, answer)
        }
        #expect(run.status == 1 && run.errors.contains("Entity already has a secret") && run.errors.contains("Field barcode"))
    }

    @Test("errors leave out the query of the address, which may have a code and a state")
    func queries() async {
        let path = ["read", "auth/oidc/oidc/callback", "state=canary-state", "code=canary-code", "client_nonce=canary-nonce"]
        for format in [[], ["-format=json"]] as [[String]] {
            let run = await CommandRun(path + format) { _, _ in (400, ["errors": ["Expired or missing OAuth state."]]) }
            #expect(run.lines.first?.contains("canary-state") == true)
            #expect(run.status == 2 && run.errors.contains("/v1/auth/oidc/oidc/callback") || run.output.contains("oidc/callback"))
            #expect(!run.errors.contains("canary") && !run.output.contains("canary"))
        }
        let error = ClientError(.timedOut, "no answer", method: .get, url: "http://server:8200/v1/a?code=canary")
        #expect(error.url == "http://server:8200/v1/a" && !error.description.contains("canary"))
    }
}
