/// An operation that a policy can grant on a path, or `sudo` or `deny`.
package enum Capability: String, Sendable, Hashable, CaseIterable {
    case create, read, update, patch, delete, list
    /// Required in addition to the operation's own capability on paths that are for operators only.
    case sudo
    /// Overrides every other capability granted for the same path.
    case deny

    /// The position of the capability in tables, from 0 to 7.
    var index: Int {
        switch self {
        case .create: 0
        case .read: 1
        case .update: 2
        case .patch: 3
        case .delete: 4
        case .list: 5
        case .sudo: 6
        case .deny: 7
        }
    }
}

/// A set of capabilities.
package struct CapabilitySet: OptionSet, Sendable, Hashable {
    /// One bit for each capability, at its ``Capability/index``, and bit 8 for root.
    package let rawValue: UInt16

    /// Creates a set from its bits.
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Creates a set with one capability.
    package init(_ capability: Capability) { self.init(rawValue: 1 << capability.index) }

    /// The set of `create`.
    package static let create = CapabilitySet(.create)
    /// The set of `read`.
    package static let read = CapabilitySet(.read)
    /// The set of `update`.
    package static let update = CapabilitySet(.update)
    /// The set of `patch`.
    package static let patch = CapabilitySet(.patch)
    /// The set of `delete`.
    package static let delete = CapabilitySet(.delete)
    /// The set of `list`.
    package static let list = CapabilitySet(.list)
    /// The set of `sudo`.
    package static let sudo = CapabilitySet(.sudo)
    /// The set of `deny`.
    package static let deny = CapabilitySet(.deny)
    /// What the holder of the root policy may do: everything. It is only reported; no rule grants it.
    package static let root = CapabilitySet(rawValue: 1 << 8)

    /// Whether at least one operation is granted.
    package var grantsSomething: Bool { !isEmpty && !contains(.deny) }

    /// The names in alphabetical order, as `sys/capabilities` reports them: `root` alone for the root policy, `deny`
    /// alone if nothing is granted.
    package var names: [String] {
        if contains(.root) { return ["root"] }
        guard grantsSomething else { return ["deny"] }
        return Capability.allCases.filter { contains(CapabilitySet($0)) }.map(\.rawValue).sorted()
    }
}
