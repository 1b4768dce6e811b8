package import EngineKit
import Logging
package import Outbound
import Records
package import Syntax

/// The `cert` method, by which clients log in with the certificate that they present to the listener, or to an authorized proxy.
///
/// The listener does not judge certificates; each entry of the method does.
package struct CertificateMethod: RoleNamingAuthMethod, PeriodicEngine {
    let entries: RecordTable<CertificateEntry>
    let configurations: RecordTable<CertificateConfiguration>
    let lists: RevocationLists
    let ocsp: OCSPChecks
    let context: MountContext

    static let configurationName = "settings"

    /// Creates the method for a mount.
    ///
    /// - Parameter outbound: What fetches revocation lists and asks OCSP responders.
    package init(_ context: MountContext, outbound: any Outbound) {
        let fetches = RevocationFetches(outbound: outbound)
        entries = RecordTable(storage: context.storage, prefix: "cert/", parsedMax: 1_024)
        configurations = RecordTable(storage: context.storage, prefix: "config/", parsedMax: 1)
        lists = RevocationLists(context, entries: entries, fetches: fetches)
        ocsp = OCSPChecks(context, fetches: fetches)
        self.context = context
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] { [login, configuration] + entryPaths + listPaths }

    /// Fetches the revocation lists that are due. Called about once a second.
    package func runRound() async { await lists.runRound() }

    /// Returns the entry that a login names, for quotas that name a role.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath == "login", let name = body["name"]?.stringValue else { return nil }
        return AccountName(name)?.text
    }
}

extension CertificateMethod {
    /// Describes the method to the catalog.
    ///
    /// - Parameter outbound: What fetches revocation lists and asks OCSP responders.
    package static func description(outbound: any Outbound) -> EngineDescription {
        EngineDescription(type: "cert", summary: "Logs clients in with TLS certificates.") { context in
            CertificateMethod(context, outbound: outbound)
        }
    }

    static let nameField = Field("name", .string, required: true, "Name of the entry, in which case does not matter.")

    func configured() async throws -> CertificateConfiguration {
        try await configurations.find(Self.configurationName)?.value ?? CertificateConfiguration()
    }

    var configuration: EnginePath {
        EnginePath(
            "config", "What holds for all entries.", fields: CertificateConfiguration.settings.fields
        )
        .reading("Read the configuration.") { _ in .data(try await configured().shown) }
        .updatingWithoutAnswer("Change the configuration.") { request in
            try await configurations.update(Self.configurationName, request.fields)
        }
    }
}
