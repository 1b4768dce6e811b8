import EngineKit
import Policy
import Syntax

extension SystemEngine {
    /// The path of the API description.
    var specificationPaths: [EnginePath] {
        [
            EnginePath(
                "internal/specs/openapi", "Returns the API as an OpenAPI 3.0.2 document.",
                details: "Contains the mounts that the calling token may use; without a token, those that are listed to everyone.",
                fields: [
                    Field(
                        "generic_mount_paths", .bool, default: false,
                        "Write mount paths as parameters, for code that works with every mount of a type."),
                    Field("context", .string, "Suffix of every operation id."),
                ], access: .unauthenticated
            )
            .reading("Generate the document.") { try await specification($0) }
            .updating("Generate the document.", changesNothing: true) { try await specification($0) }
        ]
    }

    private func specification(_ request: Request) async throws -> Response {
        var options = OpenAPIDocument.Options(
            hasGenericMountPaths: request.fields.flag("generic_mount_paths"),
            context: request.fields.text("context"))
        guard options.context.utf8.count <= 128 else { throw CofferError.invalid("field 'context' must have at most 128 bytes") }
        options.context = String(options.context.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        var document = OpenAPIDocument(settings: core.settings, options: options)
        let mounted = mounts.router.mounts
        for entry in try await visibleEntries(request) {
            if let mount = mounted[entry.path] { document.add(mount) }
        }
        return .bare(document.json)
    }
}
