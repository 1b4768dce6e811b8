import ConnectionsEngine
import CredentialChecks
import ServiceAPI

/// Tests credentials for the Service API: by the rule of a platform's profile, or by the table of providers.
final class PlatformProviders: ProviderVerifier {
    let providers: [String]
    private let catalog: PlatformCatalog
    private let checker: CredentialChecker

    init(_ catalog: PlatformCatalog, checker: CredentialChecker) {
        self.catalog = catalog
        self.checker = checker
        let known = catalog.names.filter { catalog[$0]?.probe != nil } + Provider.all.filter(\.isTestable).map(\.id)
        providers = Set(known).sorted()
    }

    func verify(_ credential: String, provider: String) async throws(ProviderRefusal) -> ProviderAcceptance {
        let outcome = try await outcome(credential, provider.lowercased())
        switch outcome.verdict {
        case .valid: return .full
        case .restricted: return .restricted
        case .invalid: throw .refused
        case .unknown:
            switch outcome.reason {
            case .busy: throw .busy
            case .noProbe, .noClient, .turnedOff: throw .noRule
            case .wrongForm, .notSupported: throw .malformed
            default: throw .unreachable
            }
        }
    }

    private func outcome(_ credential: String, _ name: String) async throws(ProviderRefusal) -> CheckOutcome {
        // An operator's own profile comes before the table.
        if let probe = catalog[name]?.probe { return await checker.check(credential, with: probe) }
        guard Provider.named(name) != nil else {
            if catalog[name] != nil { throw .noRule }
            throw .unknownProvider
        }
        return await checker.check(credential, provider: name)
    }
}
