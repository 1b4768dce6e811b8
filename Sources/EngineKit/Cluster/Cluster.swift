/// The nodes that serve one store. Without one there is a single node, which always serves and always leads.
package protocol Cluster: Sendable {
    /// False while this node may have missed what others wrote: then it answers nothing from what it knows.
    var mayServe: Bool { get }
    /// Why it may not serve, for operators; nil while it may.
    var trouble: String? { get }
    /// The term in which this node leads; nil when another does, or none.
    var leadingTerm: UInt64? { get }
    /// As the store had them about a second ago, this one among them.
    var nodes: [ClusterNode] { get }
    /// A node offers itself while it is unsealed, and one of those that do leads.
    func offerToLead(_ isOffered: Bool)
}

extension Cluster {
    /// Returns nil: a cluster without reasons of its own serves.
    package var trouble: String? { nil }
}

/// One node of a cluster, as the store knew it about a second ago.
package struct ClusterNode: Sendable, Hashable {
    /// The name in the node's configuration.
    package var name: String
    /// Where clients reach it, such as `https://10.0.0.1:8200`.
    package var address: String
    /// The `cluster_addr` of the node's configuration, which clients of Vault expect in answers. Nothing connects to it.
    package var clusterAddress: String
    /// Whether this is the node that answers.
    package var isSelf: Bool
    /// Whether the node leads, and so does the work that only one node may do.
    package var isLeader: Bool
    /// When the node's process joined.
    package var joinedAt: Timestamp
    /// When the node's last heartbeat was stored.
    package var lastSeen: Timestamp

    /// Creates the description of a node from what the store holds.
    package init(
        name: String, address: String, clusterAddress: String, isSelf: Bool, isLeader: Bool, joinedAt: Timestamp,
        lastSeen: Timestamp
    ) {
        self.name = name
        self.address = address
        self.clusterAddress = clusterAddress
        self.isSelf = isSelf
        self.isLeader = isLeader
        self.joinedAt = joinedAt
        self.lastSeen = lastSeen
    }
}

/// What a leader's work is fenced by: a store of many nodes refuses a commit that was ordered in another term.
package enum LeaderTerm {
    /// nil outside of a leader's work, and wherever there is one node.
    @TaskLocal package static var current: UInt64?
}

/// What other nodes changed in the store.
package enum StorageChange: Sendable, Hashable {
    case keys([String])
    /// It is not known what: nothing that is cached counts any more.
    case everything
}
