package import Capabilities
package import EngineKit
package import LoginGuards

/// What a capability token leaves of its parent's rights for one request.
package struct CapabilityLimits: Sendable {
    private let caveats: [Caveat]
    /// Of the chain before each caveat; empty where nothing is counted.
    private let prefixNames: [String]

    package init(_ token: CapabilityToken) {
        caveats = token.caveats
        let counts = caveats.contains { if case .uses = $0 { true } else { false } }
        prefixNames = counts ? token.prefixNames : []
    }

    package func isAlive(at now: Timestamp) -> Bool {
        caveats.allSatisfy { Self.end($0).map { now < $0 } ?? true }
    }

    package func isFrom(_ address: String) -> Bool {
        caveats.allSatisfy { caveat in
            guard case .sources(let ranges) = caveat else { return true }
            return AddressRange.contains(address, in: ranges)
        }
    }

    /// What one request spends.
    ///
    /// A counter ends with the expiry that stands before it in the chain: whoever has it has that expiry too, while one that
    /// comes after it is only about the narrower token.
    ///
    /// Anybody who holds a link of the chain may add to it, and every counter that is added lies with the parent. So each
    /// link that stands before has a share: a holder's counters, and those of whatever it narrows, are counted in it.
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

    /// The same, for the pipeline and whoever makes something for the caller.
    package var narrowing: Narrowing {
        Narrowing(endsAt: caveats.compactMap(Self.end).min(), allows: allow, reaches: reaches)
    }

    private static func end(_ caveat: Caveat) -> Timestamp? {
        if case .expiry(let seconds) = caveat { Timestamp(nanoseconds: 0).adding(seconds: seconds) } else { nil }
    }

    /// Whether a path below the prefix, which ends with `/`, is left.
    private func reaches(_ prefix: String) -> Bool {
        caveats.allSatisfy { caveat in
            guard case .paths(let paths) = caveat else { return true }
            return paths.contains { path in
                path.utf8.starts(with: prefix.utf8) || path.utf8.last == UInt8(ascii: "/") && prefix.utf8.starts(with: path.utf8)
            }
        }
    }

    /// A narrowed token never makes, renews or revokes tokens: what it made would not be narrowed.
    private func allow(_ operation: Operation, _ path: String) -> Bool {
        guard !path.utf8.starts(with: "auth/token/".utf8) || path == "auth/token/lookup-self" else { return false }
        // A listing asks for the folder, however it is spelled.
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
