import EngineKit

extension CertificateMethod {
    var entryPaths: [EnginePath] {
        NamedAccounts(
            records: NamedRecords(table: entries, folder: "certs", name: Self.nameField), context: context,
            warnings: { entry throws(CofferError) in
                guard entry.ocsp.servers.allSatisfy(ocsp.mayAsk) else {
                    throw .invalid("field 'ocsp_servers_override' has an address that may not be called")
                }
                return []
            }
        )
        .paths(
            list: "The trusted certificates.", account: "A trusted certificate, and what logins with it may do.", one: "an entry",
            many: "entries")
    }
}
