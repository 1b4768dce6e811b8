package import Capabilities
package import EngineKit
package import LoginGuards

/// The limits that a capability token puts on the rights of its parent token.
package struct CapabilityLimits: Sendable {
    private let caveats: [Caveat]
    /// The names of the chain's prefixes, one before each caveat; empty if no caveat counts uses.
    private let prefixNames: [String]

    /// Reads the caveats of a token.
    package init(_ token: CapabilityToken) {
        caveats = token.caveats
        let counts = caveats.contains { if case .uses = $0 { true } else { false } }
        prefixNames = counts ? token.prefixNames : []
    }

    /// Returns whether no expiry has passed.
    package func isAlive(at now: Timestamp) -> Bool {
        caveats.allSatisfy { Self.end($0).map { now < $0 } ?? true }
    }

    /// Returns whether every list of source addresses contains the client's.
    package func isFrom(_ address: String) -> Bool {
        caveats.allSatisfy { caveat in
            guard case .sources(let ranges) = caveat else { return true }
            return AddressRange.contains(address, in: ranges)
        }
    }

    /// The counters that one request spends.
    ///
    /// A counter expires with the expiry caveats before it in the chain, because all that share it have these. A later expiry
    /// belongs to a narrower token.
    ///
    /// Anyone who holds a token of the chain can add counters, which are stored with the parent. So each prefix before a counter
    /// has a share of that storage, in which the counters of its holder, and of all tokens narrowed from it, are counted.
    package var counted: [UseCounters.Use] {
        var uses: [UseCounters.Use] = []
        var endsAt: Timestamp?
        for (index, caveat) in caveats.enumerated() {
            if let end = Self.end(caveat) { endsAt = endsAt.map { min($0, end) } ?? end }
            if case .uses(let limit, let counter) = caveat {
                uses.append(.init(counter: counter, limit: limit, shares: Array(prefixNames[...index]), endsAt: endsAt))
            }
        }
        return uses
    }

    /// The limits in the form in which the pipeline and engines check them.
    package var narrowing: Narrowing {
        Narrowing(endsAt: caveats.compactMap(Self.end).min(), allows: allow, reaches: reaches)
    }

    private static func end(_ caveat: Caveat) -> Timestamp? {
        if case .expiry(let seconds) = caveat { Timestamp(nanoseconds: 0).adding(seconds: seconds) } else { nil }
    }

    /// Returns whether a path below the prefix, which ends with `/`, may be used.
    private func reaches(_ prefix: String) -> Bool {
        caveats.allSatisfy { caveat in
            guard case .paths(let paths) = caveat else { return true }
            return paths.contains { path in
                path.utf8.starts(with: prefix.utf8) || path.utf8.last == UInt8(ascii: "/") && prefix.utf8.starts(with: path.utf8)
            }
        }
    }

    /// Returns whether an operation on a path is within the limits. Creating, renewing and revoking tokens never is, because a new
    /// token would not have the limits.
    private func allow(_ operation: Operation, _ path: String) -> Bool {
        guard !path.utf8.starts(with: "auth/token/".utf8) || path == "auth/token/lookup-self" else { return false }
        // A listing is of a folder, with or without a final slash.
        let path = operation == .list && path.utf8.last != UInt8(ascii: "/") ? path + "/" : path
        return caveats.allSatisfy { caveat in
            switch caveat {
            case .paths(let prefixes): Caveat.covers(prefixes, path)
            case .operations(let names): names.contains(operation == .help ? "read" : operation.rawValue)
            case .expiry, .uses, .sources: true
            }
        }
    }
}
