/// What this node is called and where it is reached.
package struct NodeIdentity: Sendable, Hashable {
    package var name: String
    package var address: String
    package var clusterAddress: String

    package init(name: String, address: String = "", clusterAddress: String = "") {
        self.name = name
        self.address = address
        self.clusterAddress = clusterAddress
    }
}
