internal import CofferClient
internal import Syntax

/// The parts that all commands that write a version share.
enum KvWriting {
    /// Returns the body of a write: `{"data": …, "options": {"cas": …}}`. A negative `cas` is left out.
    static func body(_ data: JSONObject, cas: Int?) -> JSONObject {
        var options = JSONObject()
        if let cas, cas >= 0 { options["cas"] = .int(cas) }
        return ["data": .object(data), "options": .object(options)]
    }

    /// Prints the metadata of the new version, or a success message if there is none.
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
