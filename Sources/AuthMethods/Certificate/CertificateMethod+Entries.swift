import EngineKit
import Records
import Syntax

extension CertificateMethod {
    var entryPaths: [EnginePath] {
        [
            EnginePath(
                "certs", "The trusted certificates.", fields: Paging.fields,
                endpoints: [.list: .init("List entries.") { try .keys(try await entries.names(Paging($0.fields))) }]),
            EnginePath(
                "certs/{name}", "A trusted certificate, and what logins with it may do.",
                fields: [Self.nameField] + CertificateEntry.settings.fields,
                exists: { try await entry($0) != nil },
                endpoints: [
                    .read: .init("Read an entry.") { request in
                        guard let entry = try await entry(request) else { throw CofferError.notFound }
                        return .data(entry.shown)
                    },
                    .update: .init("Create or change an entry.", writeEntry),
                    .delete: .init("Delete an entry.") { request in
                        guard let name = AccountName(request.captures["name"]) else { return .empty }
                        try await entries.edit(name.text) { entry, _ in entry = nil }
                        return .empty
                    },
                ]),
        ]
    }

    private func entry(_ request: Request) async throws -> CertificateEntry? {
        guard let name = AccountName(request.captures["name"]) else { return nil }
        return try await entries.find(name.text)?.value
    }

    private func writeEntry(_ request: Request) async throws -> Response {
        guard let name = AccountName(request.captures["name"])?.text else { throw AccountName.malformed("name") }
        var warnings: [String] = []
        try await entries.edit(name) { entry, _ in
            var changed = entry ?? CertificateEntry(name: name, uid: Hex.encode(randomness.bytes(16)))
            try changed.update(request.fields)
            guard changed.ocsp.servers.allSatisfy(ocsp.mayAsk) else {
                throw CofferError.invalid("field 'ocsp_servers_override' has an address that may not be called")
            }
            warnings = changed.tokens.warnings(mountMax: maxTTL)
            entry = changed
        }
        return Response(.none, warnings: warnings)
    }
}
