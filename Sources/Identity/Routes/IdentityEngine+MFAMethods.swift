import EngineKit
import OneTimeCodes
import Records
import Syntax

/// The paths `mfa/method/…`.
extension IdentityEngine {
    private var mfa: LoginMFA { store.mfa }

    private static let methodIDField = Field("method_id", .string, "The id of the method.")
    private static let entityIDField = Field("entity_id", .string, "The id of the entity.")
    private static let formatField = Field(
        "qr_format", .string, default: "png", oneOf: ["png", "svg"], "The format of the QR code: png or svg.")

    /// The types of Vault that Coffer does not have.
    private static let otherTypes = ["duo", "okta", "pingid"]

    var mfaMethodPaths: [EnginePath] {
        [
            EnginePath("mfa/method", "List all MFA methods.", fields: Paging.fields)
                .listing("List the ids.") { try listMethods($0) },
            EnginePath(
                "mfa/method/totp", "Create MFA methods with codes of authenticator programs (TOTP).",
                details: "A write with the name of a method changes that method.",
                fields: TOTPMethod.settings.fields + Paging.fields
            )
            .listing("List the ids.") { try listMethods($0) }
            .updating("Create a method.") { request in
                .data(["method_id": .string(try await mfa.writeMethod(id: "", request.fields).id)])
            },
            EnginePath(
                "mfa/method/totp/generate", "Generate the caller's own secret for a method.",
                details: "The answer is the only time that the secret is shown.",
                fields: [Self.methodIDField, Self.formatField]
            )
            .updating("Generate the caller's secret.") { try await generate($0, entity: $0.caller?.entityID ?? "") },
            EnginePath(
                "mfa/method/totp/admin-generate", "Generate an entity's secret for a method.",
                details: "The answer is the only time that the secret is shown.",
                fields: [Self.methodIDField, Self.entityIDField, Self.formatField]
            )
            .updating("Generate an entity's secret.") { try await generate($0, entity: $0.fields.text("entity_id")) },
            EnginePath(
                "mfa/method/totp/admin-destroy", "Delete an entity's secret for a method, so that another can be generated.",
                fields: [Self.methodIDField, Self.entityIDField]
            )
            .updatingWithoutAnswer("Delete an entity's secret.") { try await destroy($0) },
            EnginePath("mfa/method/totp/{method_id}", "Manage an MFA method.", fields: TOTPMethod.settings.fields)
                .reading("Read a method.") { try readMethod($0) }
                .updatingWithoutAnswer("Change a method.") { request in
                    _ = try await mfa.writeMethod(id: request.captures["method_id"], request.fields)
                }
                .deleting("Delete a method that no enforcement names, and its secrets.") { request in
                    try await mfa.deleteMethod(request.captures["method_id"])
                },
        ] + Self.otherTypes.flatMap(unsupportedPaths) + [
            EnginePath("mfa/method/{method_id}", "Read an MFA method of any type.")
                .reading("Read a method.") { try readMethod($0) }
        ]
    }

    private func unsupportedPaths(_ type: String) -> [EnginePath] {
        ["mfa/method/\(type)", "mfa/method/\(type)/{method_id}"].map { path in
            EnginePath(PathPattern(stringLiteral: path), "Is not supported.")
                .updating("Is refused: Coffer has methods of the type totp.") { _ in
                    throw CofferError.invalid("MFA methods of the type \(type) are not supported; use identity/mfa/method/totp")
                }
        }
    }

    private func listMethods(_ request: Request) throws -> Response {
        let methods = mfa.rules.methods
        let ids = Paging(request.fields).page(of: Array(methods.keys))
        return try .keys(
            ids, info: JSONObject(ids.compactMap { id in methods[id].map { .init(key: id, value: .object(shown($0))) } }))
    }

    private func readMethod(_ request: Request) throws -> Response {
        guard let method = mfa.rules.methods[request.captures["method_id"]] else { throw CofferError.notFound }
        return .data(shown(method))
    }

    private func shown(_ method: TOTPMethod) -> JSONObject {
        var object = method.shown
        object["id"] = .string(method.id)
        object["namespace_id"] = "root"
        object["namespace_path"] = ""
        object["type"] = .string(TOTPMethod.type)
        return object.sorted()
    }

    // MARK: Secrets

    private func generate(_ request: Request, entity: String) async throws -> Response {
        let id = request.fields.text("method_id")
        guard !id.isEmpty else { throw CofferError.invalid("missing method ID") }
        guard !entity.isEmpty else { throw CofferError.invalid("missing entityID") }
        guard let made = try await mfa.generate(method: id, entity: entity) else {
            let name = mfa.rules.methods[id]?.name ?? ""
            return Response(
                .none, warnings: ["Entity already has a secret for MFA method \"\(name.isEmpty ? id : name)\""])
        }
        var data: JSONObject = ["url": .string(made.url)]
        if made.method.pixels > 0, let code = QRCode(Array(made.url.utf8)) {
            let isSVG = request.fields.text("qr_format") == "svg"
            let image = isSVG ? Array(code.svg(pixels: made.method.pixels).utf8) : code.png(pixels: made.method.pixels)
            data["barcode"] = .string(Base64.encode(image))
        }
        var response = Response.data(data)
        // Nobody has seen the secret of an answer that was not sent.
        response.takeBack = { [mfa] in try await mfa.destroy(method: id, entity: entity) }
        return response
    }

    private func destroy(_ request: Request) async throws {
        let (method, entity) = (request.fields.text("method_id"), request.fields.text("entity_id"))
        guard !method.isEmpty else { throw CofferError.invalid("missing method ID") }
        guard !entity.isEmpty else { throw CofferError.invalid("missing entity ID") }
        guard mfa.rules.methods[method] != nil else {
            throw CofferError.invalid("configuration for method ID \"\(method.prefixUTF8(64))\" does not exist")
        }
        try await mfa.destroy(method: method, entity: entity)
    }
}
