/// Where the dialect keeps what, and what it calls itself.
package struct ServiceSettings: Sendable, Hashable {
    /// In `/health` and `/`.
    package var name = "myVault"
    /// A KV version 2 mount; with a final slash.
    package var mount = "services/"
    /// A mount of the engine `projects`.
    package var projectsMount = "service-projects/"

    /// What every new project is made with, before anybody sees it.
    package var projectSecrets: [ProjectSecret] = []
    /// Whose pages in a browser may read the answers: `https://ui.example`.
    package var corsOrigins: Set<String> = []

    package init() {}
}
