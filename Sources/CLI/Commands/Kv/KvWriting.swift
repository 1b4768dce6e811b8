internal import CofferClient
internal import Syntax

/// What the commands that make a version have in common.
enum KvWriting {
    /// `{"data": …, "options": {"cas": …}}`. A negative cas is none.
    static func body(_ data: JSONObject, cas: Int?) -> JSONObject {
        var options = JSONObject()
        if let cas, cas >= 0 { options["cas"] = .int(cas) }
        return ["data": .object(data), "options": .object(options)]
    }

    /// The new version's metadata, or that the data was written.
    static func report(_ secret: Secret?, path: String, field: String?, target: KvTarget, to session: Session) throws {
        let printer = session.printer
        guard let secret else {
            try printer.success("Success! Data written to: \(path)")
            return
        }
        if let field = field.unlessEmpty { return try printer.field(field, of: secret) }
        guard printer.isTable, target.isVersioned, secret.wrapInfo == nil, let metadata = secret.data else {
            return try printer.secret(secret)
        }
        printer.warnings(secret.warnings)
        printer.path(path, title: "Secret Path")
        try printer.section("Metadata", metadata)
    }
}
