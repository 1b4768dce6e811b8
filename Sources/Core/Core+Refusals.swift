import Audit
import Capabilities
package import EngineKit
import Lifetimes
import Logging
import Syntax

/// The audit records of requests that the pipeline does not process.
extension Core {
    /// Records a request that was refused for its path, method or route, so that scans and broken clients appear in the audit log.
    /// The global rate-limit quota counts it.
    package func record(_ refused: RefusedRequest) async -> CofferError? {
        guard let services else {
            logUnaudited(
                "refused a request while sealed", id: refused.id, connection: refused.connection,
                metadata: ["reason": "\(refused.reason)"])
            return nil
        }
        if let (verdict, configuration) = services.quotas.takeGlobal(client: refused.connection.remoteAddress), !verdict.isAllowed {
            let exceeded = RateLimits.exceeded(verdict, at: environment.time.now())
            guard configuration.recordsRefusals else { return exceeded }
            return await record(refused, services, error: exceeded.recorded, status: 429) ?? exceeded
        }
        return await record(refused, services, error: refused.reason, status: refused.status)
    }

    private func record(_ refused: RefusedRequest, _ services: Services, error: String, status: Int) async -> CofferError? {
        let now = environment.time.now()
        var request = AuditRequest(
            id: refused.id, operation: Self.shown(method: refused.method), path: "",
            remoteAddress: refused.connection.remoteAddress, remotePort: refused.connection.remotePort)
        // A malformed path may contain a secret, so it is recorded as a hash like any value.
        let isOutside = refused.path.utf8.first == UInt8(ascii: "/")
        let wire = isOutside ? String(Substring(refused.path.utf8.dropFirst())) : refused.path
        if let path = try? CanonicalPath(percentEncoded: wire) {
            request.path = (isOutside ? "/" : "") + path.description
        } else {
            request.data = ["path": .string(refused.path)]
        }
        var identity: AuditIdentity?
        switch refused.credentials {
        case .none: break
        case .token(let token):
            request.clientToken = token
            identity = AuditIdentity(AuditAuth(clientToken: token))
        case .login:
            var auth = AuditAuth(tokenType: "inline")
            auth.inlineKind = "login"
            identity = AuditIdentity(auth)
        case .inline(let credentials):
            var auth = AuditAuth(tokenType: "inline")
            (auth.inlineKind, auth.inlineName) = (credentials.kind, credentials.name)
            identity = AuditIdentity(auth)
        }
        let record = AuditRecord(kind: .request, time: now, identity: identity, request: request, error: error)
        let answer = AuditAnswer(time: now, response: AuditResponse(statusCode: status), error: error)
        do throws(CofferError) {
            try await services.audit.record(AuditEntry(record, answer: answer))
            return nil
        } catch {
            return error
        }
    }

    /// Returns a method in lower case if HTTP or the protocol defines it, and `other` for any other text that a client sends.
    private static func shown(method: String) -> String {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "LIST", "SCAN", "OPTIONS", "TRACE", "CONNECT"]
        if known.contains(method) || Operation(rawValue: method) != nil { return method.lowercased() }
        return "other"
    }

    /// Returns whether a token is valid. Counts as a request in the global rate-limit quota, and throws `.rateLimited` beyond it.
    /// Does not spend a use of the token, and says nothing about what the token may do.
    package func knows(token: String, from connection: Connection) async throws(CofferError) -> Bool {
        guard let services else { return false }
        if let (verdict, _) = services.quotas.takeGlobal(client: connection.remoteAddress), !verdict.isAllowed {
            throw RateLimits.exceeded(verdict, at: environment.time.now())
        }
        if CapabilityToken.isOne(token) {
            guard let capability = try? CapabilityToken(token), CapabilityLimits(capability).isAlive(at: environment.time.now())
            else { return false }
            return (try? await services.tokens.parent(of: capability)) != nil
        }
        return (try? await services.tokens.find(token)) != nil
    }

    // MARK: Open paths

    /// Records a request to one of the ``PublicSystemPaths`` and returns the answer to send, which is an error if an audit device
    /// is needed and none works.
    ///
    /// `sys/health` is not recorded, and `sys/seal-status` only if a token came with it, because its answer then says whether the
    /// token is valid. What the paths answered is not recorded.
    ///
    /// - Parameter wasOpen: The services when the request began; nil if the server was sealed.
    func recordOpenPath(
        _ incoming: CoreRequest, _ path: CanonicalPath, answer: CoreAnswer, wasOpen: Services?
    ) async -> CoreAnswer {
        let isSealStatus = path.text == PublicSystemPaths.sealStatus
        if path.text == "sys/health" { return answer }
        if isSealStatus { guard wasOpen != nil, case .token = incoming.credentials else { return answer } }
        // The request that unsealed the server is recorded by the audit devices that it opened.
        guard let services = wasOpen ?? services else {
            if incoming.operation.isWrite {
                var metadata: Logger.Metadata = ["path": "\(path.text)"]
                if case .failure(let error) = answer.outcome { metadata["refused"] = "\(error.code.rawValue)" }
                logUnaudited(
                    "public path requested while sealed", id: incoming.id, connection: incoming.connection, metadata: metadata)
            }
            return answer
        }
        let now = environment.time.now()
        var request = AuditRequest(
            id: incoming.id, operation: incoming.operation.rawValue, path: path.description,
            remoteAddress: incoming.connection.remoteAddress, remotePort: incoming.connection.remotePort)
        request.data = declaredData(incoming, path).map { .object($0) }
        if case .token(let token) = incoming.credentials { request.clientToken = token }
        var (status, error): (Int, String?) = (200, nil)
        switch answer.outcome {
        case .success(let response): status = response.status ?? 200
        case .failure(let refusal): (status, error) = (refusal.code.httpStatus, refusal.recorded)
        }
        let record = AuditRecord(kind: .request, time: now, request: request, error: error)
        do throws(CofferError) {
            try await services.audit.record(
                AuditEntry(record, answer: AuditAnswer(time: now, response: AuditResponse(statusCode: status), error: error)))
        } catch {
            // The request unsealed the server; whoever sent it has to learn that.
            guard wasOpen != nil else { return answer }
            if isSealStatus {
                var anonymous = incoming
                anonymous.credentials = .none
                return await PublicSystemPaths(core: self).answer(anonymous, path) ?? answer
            }
            var refused = answer
            refused.outcome = .failure(error)
            return refused
        }
        return answer
    }

    /// Returns the declared members of the body; their values are recorded as hashes. Other members are left out, because a name is
    /// not hashed and could be a misplaced key share.
    private func declaredData(_ incoming: CoreRequest, _ path: CanonicalPath) -> JSONObject? {
        var input = RequestInput(incoming)
        guard input.parseBody(incoming, as: .json, limits: settings.jsonLimits) == nil else { return nil }
        let fields = PublicSystemPaths(core: self).paths.first { "sys/" + $0.pattern.description == path.text }?.fields ?? []
        let known = input.data.members.filter { member in fields.contains { $0.name == member.key } }
        return known.isEmpty ? nil : JSONObject(known)
    }

    /// Logs a request that no audit device can record, within the limit on such lines.
    private func logUnaudited(_ message: Logger.Message, id: String, connection: Connection, metadata more: Logger.Metadata) {
        guard let dropped = unauditedLines.withLock({ $0.take(at: environment.time.now()) }) else { return }
        var metadata: Logger.Metadata = ["request_id": "\(id)", "remote_address": "\(connection.remoteAddress)"]
        metadata.merge(more) { own, _ in own }
        if dropped > 0 { metadata["not_logged_before"] = "\(dropped)" }
        logger.notice(message, metadata: metadata)
    }
}
