import EngineKit
import Syntax

/// The refusals of requests that reach no endpoint.
extension Exchange {
    /// The error for a path without a route. The audit gets a text without the path, which may contain a token by mistake.
    var unrouted: CofferError {
        var error = CofferError(.notFound, "no handler for route \"\(path.text)\". route entry not found.")
        error.auditText = "no handler for this route"
        return error
    }

    /// The error for a request without a valid token. A used wrapping token is reported as such, because somebody else may have
    /// read the answer.
    var absentCaller: CofferError {
        if case .token = incoming.credentials, path.text == "sys/wrapping/unwrap" { ResponseWrapping.invalidToken } else { .denied }
    }
}
