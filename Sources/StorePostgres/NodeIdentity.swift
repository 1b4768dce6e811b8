/// The name and addresses of a node.
package struct NodeIdentity: Sendable, Hashable {
    /// The name, which is unique among the nodes of a store.
    package var name: String
    /// The URL at which clients reach the node (`api_addr`), or an empty string.
    package var address: String
    /// Shown to clients, and not used between nodes (`cluster_addr`).
    package var clusterAddress: String

    /// Creates an identity.
    package init(name: String, address: String = "", clusterAddress: String = "") {
        self.name = name
        self.address = address
        self.clusterAddress = clusterAddress
    }
}
