import AuthMethods
import Syntax

extension AuthMethodSubject {
    static let ldap = AuthMethodSubject(
        description: LDAPMethod.description(failureMilliseconds: 0) { FakeDirectory.ofCompany() }, account: "config",
        base: LDAPDriver.settings,
        login: { _ in ("login/app", ["password": "canary-password"]) },
        failures: { _ in
            [
                ("login/nobody", ["password": "canary-password"]), ("login/app", ["password": "canary-wrong"]),
                ("login/APP", ["password": "canary-wrong"]), ("login/*", ["password": "canary-password"]),
                ("login/\u{FF41}pp", ["password": "canary-password"]), ("login/app)(uid=ann", ["password": "ann-password"]),
                ("login/other", ["password": .string(String(repeating: "x", count: 100_000))]),
            ]
        },
        displayName: "ldap-app", secrets: ["canary-password"])
}
