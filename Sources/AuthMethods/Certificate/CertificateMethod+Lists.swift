import Certificates
import EngineKit
import Records
import Syntax

extension CertificateMethod {
    var listPaths: [EnginePath] {
        [
            named.list("The revocation lists.", "List revocation lists."),
            named.record(
                "A revocation list.",
                fields: [
                    Field("crl", .string, "The list, as PEM or as base64 of DER."),
                    Field("url", .string, "Where the list is fetched from, now and whenever the next one is due."),
                ]
            )
            .reading("Read the serial numbers that a list revokes.") { .data(try await named.existing($0).shown) }
            .updating("Upload a list, or name the URL to fetch it from.") { try await writeList($0) }
            .deleting("Delete a list.") { try await named.delete($0) },
        ]
    }

    private var named: NamedRecords<StoredRevocationList> {
        NamedRecords(table: lists.table, folder: "crls", name: Self.nameField)
    }

    private func writeList(_ request: Request) async throws -> Response {
        let name = try await named.name(of: request)
        let (text, url) = (request.fields.text("crl"), request.fields.text("url"))
        guard text.isEmpty != url.isEmpty else { throw CofferError.invalid("one of 'crl' and 'url' must be given") }
        let made = url.isEmpty ? try await lists.uploaded(text) : try await lists.added(from: url)
        try await lists.table.edit(name) { list, _ in
            let isKnown = list != nil
            let hasRoom = try await lists.hasRoom()
            guard isKnown || hasRoom else {
                throw CofferError.invalid("a mount may have \(RevocationLists.countMax) revocation lists at most")
            }
            list = made
        }
        guard made.list.isStale(at: context.time.now().seconds) else { return .empty }
        return Response(
            .none,
            warnings: ["The list is out of date: logins with certificates of its issuer are refused until a newer one is there."])
    }
}
