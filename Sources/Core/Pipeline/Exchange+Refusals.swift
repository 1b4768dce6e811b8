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

    /// Refuses HEAD for what GET changes, such as credentials that are made, or a login that is completed: clients and proxies send
    /// HEAD to look at something (RFC 9110, 9.2.1).
    func refuseChangeByHead(_ endpoint: EnginePath.Endpoint?) throws(CofferError) {
        guard endpoint?.changesNothing == true, incoming.wrapTTL == nil else {
            throw CofferError(
                .methodNotAllowed, "HEAD is not allowed here, because the answer to GET is made for its caller; use GET")
        }
    }

    /// The error for a request without a valid token. A used wrapping token is reported as such, because somebody else may have
    /// read the answer.
    var absentCaller: CofferError {
        if case .token = incoming.credentials, path.text == "sys/wrapping/unwrap" { ResponseWrapping.invalidToken } else { .denied }
    }
}
