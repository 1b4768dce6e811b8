/// The settings of the Service API.
package struct ServiceSettings: Sendable, Hashable {
    /// The name that `/health` and `/` show.
    package var name = "myVault"
    /// The KV version 2 mount of the secrets, with a final slash.
    package var mount = "services/"
    /// The mount of the engine `projects`, with a final slash.
    package var projectsMount = "service-projects/"

    /// The secrets that every new project gets before it is visible.
    package var projectSecrets: [ProjectSecret] = []
    /// The origins whose pages may read answers in a browser, such as `https://ui.example`.
    package var corsOrigins: Set<String> = []

    /// Creates the default settings.
    package init() {}
}
