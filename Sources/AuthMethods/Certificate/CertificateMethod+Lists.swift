import Certificates
import EngineKit
import Records
import Syntax

extension CertificateMethod {
    var listPaths: [EnginePath] {
        [
            EnginePath(
                "crls", "The revocation lists.", fields: Paging.fields,
                endpoints: [.list: .init("List revocation lists.") { try .keys(try await lists.table.names(Paging($0.fields))) }]),
            EnginePath(
                "crls/{name}", "A revocation list.",
                fields: [
                    Self.nameField, Field("crl", .string, "The list, as PEM or as base64 of DER."),
                    Field("url", .string, "Where the list is fetched from, now and whenever the next one is due."),
                ],
                exists: { request in
                    guard let name = AccountName(request.captures["name"]) else { return false }
                    return try await lists.table.find(name.text) != nil
                },
                endpoints: [
                    .read: .init("Read the serial numbers that a list revokes.") { request in
                        guard let name = AccountName(request.captures["name"]),
                            let list = try await lists.table.find(name.text)?.value
                        else { throw CofferError.notFound }
                        return .data(list.shown)
                    },
                    .update: .init("Upload a list, or name the URL to fetch it from.", writeList),
                    .delete: .init("Delete a list.") { request in
                        guard let name = AccountName(request.captures["name"]) else { return .empty }
                        try await lists.table.edit(name.text) { list, _ in list = nil }
                        return .empty
                    },
                ]),
        ]
    }

    private func writeList(_ request: Request) async throws -> Response {
        guard let name = AccountName(request.captures["name"])?.text else { throw AccountName.malformed("name") }
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
        guard made.list.isStale(at: time.now().seconds) else { return .empty }
        return Response(
            .none,
            warnings: ["The list is out of date: logins with certificates of its issuer are refused until a newer one is there."])
    }
}
