/// One thing that a policy can grant on a path, or refuse.
package enum Capability: String, Sendable, Hashable, CaseIterable {
    case create, read, update, patch, delete, list
    /// Needed in addition to the operation's own capability, on paths that only operators may use.
    case sudo
    /// Wins over everything else granted at the same path.
    case deny

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

package struct CapabilitySet: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package init(_ capability: Capability) { self.init(rawValue: 1 << capability.index) }

    package static let create = CapabilitySet(.create)
    package static let read = CapabilitySet(.read)
    package static let update = CapabilitySet(.update)
    package static let patch = CapabilitySet(.patch)
    package static let delete = CapabilitySet(.delete)
    package static let list = CapabilitySet(.list)
    package static let sudo = CapabilitySet(.sudo)
    package static let deny = CapabilitySet(.deny)
    /// Only shown, never granted by a rule: the holder of the root policy may do everything.
    package static let root = CapabilitySet(rawValue: 1 << 8)

    /// Grants at least one operation.
    package var grantsSomething: Bool { !isEmpty && !contains(.deny) }

    /// Sorted, as `sys/capabilities` answers: `["root"]` alone for root, `["deny"]` alone for nothing.
    package var names: [String] {
        if contains(.root) { return ["root"] }
        guard grantsSomething else { return ["deny"] }
        return Capability.allCases.filter { contains(CapabilitySet($0)) }.map(\.rawValue).sorted()
    }
}
