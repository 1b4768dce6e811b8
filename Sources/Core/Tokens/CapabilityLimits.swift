package import Capabilities
package import EngineKit

/// What a capability token leaves of its parent's rights for one request.
package struct CapabilityLimits: Sendable {
    private let caveats: [Caveat]

    package init(_ token: CapabilityToken) { caveats = token.caveats }

    package func isAlive(at now: Timestamp) -> Bool {
        caveats.allSatisfy { if case .expiry(let seconds) = $0 { now < Timestamp(seconds: seconds) } else { true } }
    }

    package func isFrom(_ address: String) -> Bool {
        caveats.allSatisfy { caveat in
            guard case .sources(let ranges) = caveat else { return true }
            return ranges.contains { AddressRange($0)?.contains(address) == true }
        }
    }

    package var counted: [(counter: String, limit: Int)] {
        caveats.compactMap { if case .uses(let limit, let counter) = $0 { (counter, limit) } else { nil } }
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
