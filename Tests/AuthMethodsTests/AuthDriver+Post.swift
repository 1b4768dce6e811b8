import EngineKit
import Syntax

extension AuthDriver {
    /// Posts a form, as the browser of somebody who comes from a provider does.
    func post(_ path: String, _ form: String) async throws -> Response {
        guard let (declared, captures) = declared(path), let endpoint = declared.endpoint(for: .update) else {
            throw CofferError.notFound
        }
        var request = Request(
            id: "1", operation: .update, path: try CanonicalPath(decoded: "auth/\(description.type)/" + path),
            mountPath: "auth/\(description.type)/", captures: captures, connection: Connection(remoteAddress: "127.0.0.1"))
        request.rawBody = RawContent(Array(form.utf8), contentType: "application/x-www-form-urlencoded")
        return try await endpoint.handler(request)
    }
}
