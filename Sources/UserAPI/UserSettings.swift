/// The settings of the User API.
package struct UserSettings: Sendable, Hashable {
    /// How a user's JSON Web Token is verified.
    package enum Verification: Sendable, Hashable {
        /// By the dialect itself, with the keys of its own settings. The user may reach what it owns and nothing else.
        case own
        /// By a login at an auth method, which is valid for the one request. The policies of the login decide.
        case login(path: String, role: String)
    }

    /// The most requests of a user within a minute.
    package struct Limits: Sendable, Hashable {
        /// Requests that store, change or delete, for each user and address.
        package var writes = 60
        /// Requests that list or show, for each user and address.
        package var reads = 300
        /// Values that are revealed, for each user.
        package var reveals = 60

        /// Creates the default limits.
        package init() {}
    }

    /// The mount of the engine `user-secrets`, with a final slash.
    package var mount = "user-secrets/"
    /// How a JSON Web Token is verified.
    package var verification = Verification.own
    /// The claim that has the user's id.
    package var userClaim = "sub"
    /// The origins whose pages may read answers in a browser, such as `https://app.example`.
    package var origins: Set<String> = []
    /// The most requests within a minute.
    package var limits = Limits()

    /// Creates the default settings.
    package init() {}
}
