import ConnectionsEngine
import Outbound
import ServiceAPI
import Synchronization

/// Asks the platforms of the connections engine whether a credential works, for the Service API.
final class PlatformProviders: ProviderVerifier {
    let providers: [String]
    private let catalog: PlatformCatalog
    private let verifier: PlatformVerifier
    /// The number of checks in progress. It is limited because each occupies a connection.
    private let underWay = Mutex(0)
    private static let underWayMax = 32

    init(_ catalog: PlatformCatalog, outbound: any Outbound) {
        self.catalog = catalog
        verifier = PlatformVerifier(catalog: catalog, outbound: outbound)
        providers = catalog.names.filter { catalog[$0]?.verify != nil }
    }

    func verify(_ credential: String, provider: String) async throws(ProviderRefusal) {
        let name = provider.lowercased()
        guard catalog[name] != nil else { throw .unknownProvider }
        guard begin() else { throw .busy }
        defer { underWay.withLock { $0 -= 1 } }
        guard let finding = try? await verifier.verify(credential, on: name) else { throw .unreachable }
        switch finding.verdict {
        case .works: return
        case .refused: throw .refused
        case .unknown: throw .unreachable
        case .unsupported: throw .noRule
        }
    }

    private func begin() -> Bool {
        underWay.withLock { count in
            guard count < Self.underWayMax else { return false }
            count += 1
            return true
        }
    }
}
