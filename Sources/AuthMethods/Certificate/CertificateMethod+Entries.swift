import EngineKit

extension CertificateMethod {
    var entryPaths: [EnginePath] {
        NamedAccounts(
            table: entries, randomness: randomness, maxTTL: maxTTL,
            warnings: { entry, _ throws(CofferError) in
                guard entry.ocsp.servers.allSatisfy(ocsp.mayAsk) else {
                    throw .invalid("field 'ocsp_servers_override' has an address that may not be called")
                }
                return []
            }
        )
        .paths(
            "certs",
            .init(
                list: "The trusted certificates.", account: "A trusted certificate, and what logins with it may do.",
                one: "an entry", many: "entries", name: "Name of the entry, in which case does not matter."))
    }
}
