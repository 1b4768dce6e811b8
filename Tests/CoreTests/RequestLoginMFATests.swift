import Core
import EngineKit
import Syntax
import Testing

@Suite("A login that comes with a request, where a second factor is asked for")
struct RequestLoginMFATests {
    private func ask(_ mfa: SecondFactor, _ name: String, codes: [String] = []) async -> CoreHarness.Answer {
        var request = CoreRequest(
            id: "outer", operation: .read, path: "auth/token/lookup-self",
            credentials: .login(RequestLogin(path: "auth/userpass/login/\(name)", parameters: SecondFactor.password)),
            headers: codes.map { ("x-vault-mfa", $0) })
        request.connection = Connection(remoteAddress: "127.0.0.1")
        return CoreHarness.Answer(outcome: await mfa.server.core.handle(request).outcome)
    }

    @Test("is refused with and without a code, and uses no code up")
    func refused() async throws {
        let mfa = try await SecondFactor.make()
        #expect(!(await ask(mfa, "ann").message.contains("second factor")))
        await mfa.enforce("ann-alone", ["identity_entity_ids": [.string(mfa.entity)]])
        let code = mfa.code()
        for codes in [[], [mfa.method + ":" + code]] {
            let answer = await ask(mfa, "ann", codes: codes)
            #expect(answer.code == .permissionDenied)
            #expect(answer.message.contains("needs a second factor") && answer.message.contains("ann-alone"))
        }
        #expect(await mfa.logIn(codes: [mfa.method + ":" + code]).issued != nil)
    }

    @Test("is let in where the enforcement is for others")
    func others() async throws {
        let mfa = try await SecondFactor.make()
        await mfa.enforce("ann-alone", ["identity_entity_ids": [.string(mfa.entity)]])
        #expect(!(await ask(mfa, "bob").message.contains("second factor")))
        await mfa.enforce("everybody")
        #expect(await ask(mfa, "bob").message.contains("second factor"))
    }
}
