import AuthMethods
import EngineKit
import Syntax
import TestSupport
import X509

/// What tests of the certificate method share. Making keys takes long, so one authority serves them all.
enum TestCertificates {
    static let authority = try! TestAuthority()  // a test that cannot make one cannot go on
    static let leaf = try! authority.issue("app")  // the same
    static let chain = [TestAuthority.der(leaf)]
}

extension AuthMethodSubject {
    static let certificate = AuthMethodSubject(
        description: CertificateMethod.description(outbound: FakeOutbound()), account: "certs/app",
        base: ["certificate": .string(TestCertificates.authority.pem)],
        login: { _ in ("login", ["name": "app"]) },
        failures: { driver in
            try await driver.send(
                .update, "certs/other",
                ["certificate": .string(TestCertificates.authority.pem), "allowed_common_names": ["canary-x"]])
            try await driver.send(
                .update, "certs/more",
                ["certificate": .string(TestCertificates.authority.pem), "required_extensions": ["1.2.3.4:canary"]])
            return [("login", ["name": "other"]), ("login", ["name": "OTHER"]), ("login", ["name": "more"])]
        },
        displayName: "cert-app", secrets: [], certificateChain: TestCertificates.chain,
        // A test that cannot make an authority cannot go on.
        another: ["certificate": .string(try! TestAuthority("Another").pem)], hasFormerLogins: false)
}
