package import Capabilities
package import EngineKit

/// What a capability token leaves of its parent's rights for one request.
package struct CapabilityLimits: Sendable {
    private let caveats: [Caveat]

    package init(_ token: CapabilityToken) { caveats = token.caveats }

    package func isAlive(at now: Timestamp) -> Bool {
        caveats.allSatisfy { Self.end($0).map { now < $0 } ?? true }
    }

    package func isFrom(_ address: String) -> Bool {
        caveats.allSatisfy { caveat in
            guard case .sources(let ranges) = caveat else { return true }
            return ranges.contains { AddressRange($0)?.contains(address) == true }
        }
    }

    /// What one request spends.
    ///
    /// A counter ends with the expiry that stands before it in the chain: whoever has it has that expiry too, while one that
    /// comes after it is only about the narrower token.
    package var counted: [UseCounters.Use] {
        var uses: [UseCounters.Use] = []
        var endsAt: Timestamp?
        for caveat in caveats {
            if let end = Self.end(caveat) { endsAt = endsAt.map { min($0, end) } ?? end }
            if case .uses(let limit, let counter) = caveat { uses.append(.init(counter: counter, limit: limit, endsAt: endsAt)) }
        }
        return uses
    }

    private static func end(_ caveat: Caveat) -> Timestamp? {
        if case .expiry(let seconds) = caveat { Timestamp(nanoseconds: 0).adding(seconds: seconds) } else { nil }
    }

    /// A narrowed token never makes, renews or revokes tokens: what it made would not be narrowed.
    package func allow(_ operation: Operation, _ path: String) -> Bool {
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
