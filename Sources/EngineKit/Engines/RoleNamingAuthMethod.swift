package import Syntax

/// An auth method whose logins say which role they are for, before anybody knows whether they are good.
package protocol RoleNamingAuthMethod: AuthMethod {
    /// nil when the path is no login or names no role. `relativePath` is below the mount; the body is as it was sent.
    func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String?
}
