import EngineKit
import Syntax

extension SystemEngine {
    /// The paths of the rules that record request headers.
    var auditHeaderPaths: [EnginePath] {
        [
            EnginePath(
                "config/auditing/request-headers", "Lists the request headers that are recorded in the audit log.", access: .sudo
            )
            .reading("List the rules.") { _ in
                .data(["headers": .object(JSONObject(sorting: audit.headerRules.all, Self.shown))])
            },
            EnginePath(
                "config/auditing/request-headers/{header}", "Reads, writes and deletes the rule for a request header.",
                fields: [
                    Field("header", .string, "Name of the header."),
                    Field("hmac", .bool, default: false, "Whether the value is recorded as an HMAC."),
                ], access: .sudo
            )
            .reading("Read a rule.") { request in
                let name = try headerName(request)
                guard let isHashed = audit.headerRules.all[name] else {
                    throw CofferError.invalid("Could not find header in config")
                }
                return .data(JSONObject([.init(key: name, value: Self.shown(isHashed))]))
            }
            .updatingWithoutAnswer("Record a header.") { request in
                try await audit.headerRules.set(try headerName(request), isHashed: request.fields.flag("hmac"))
            }
            .deleting("Stop recording a header.") { try await audit.headerRules.remove(try headerName($0)) },
        ]
    }

    private static func shown(_ isHashed: Bool) -> JSON { ["hmac": .bool(isHashed)] }

    private func headerName(_ request: Request) throws(CofferError) -> String {
        guard let name = AuditHeaderRules.name(request.captures["header"]) else {
            throw .invalid(
                "the path must end with the name of a header, which consists of letters, digits and any of !#$%&'*+-.^_`|~")
        }
        return name
    }
}
