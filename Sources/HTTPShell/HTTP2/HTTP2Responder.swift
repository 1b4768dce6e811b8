import EngineKit
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1

/// Answers HTTP/2 streams with the same checks and dialects as HTTP/1. Hummingbird accepts and frames them.
struct HTTP2Responder: Sendable {
    let shell: Shell
    let settings: ListenerSettings
    /// The client of the connection.
    let connection: EngineKit.Connection

    /// Answers one stream.
    ///
    /// The function is concurrent because the functions of the writer are: a writer that is not sendable can be passed on
    /// only from a concurrent function.
    @concurrent func respond(
        _ request: HummingbirdCore.Request, _ writer: consuming ResponseWriter, channel: any Channel
    ) async throws {
        var ids = RequestIDSource()
        let id = ids.next()
        // The work stays on the connection's event loop, as it does for HTTP/1.
        var response = await withTaskExecutorPreference(EventLoopTaskExecutor(channel.eventLoop)) {
            await answer(request, id: id, channel: channel)
        }
        // Streams are counted separately, because a slow reader must not occupy the place of a request.
        var isStreaming = response.stream != nil && !response.isWithoutBody && request.method != .head
        if isStreaming, !shell.admission.beginStream() {
            isStreaming = false
            response = shell.answer(.busy, path: request.head.path ?? "", id: id)
        }
        defer { if isStreaming { shell.admission.endStream() } }
        var fields = HTTPFields()
        var date = HTTPDate()
        fields[.date] = date.current()
        fields[.cacheControl] = "no-store"
        fields[.xContentTypeOptions] = "nosniff"
        if let name = HTTPField.Name("x-request-id") { fields[name] = id }
        for (name, value) in response.headers where name.isHeaderName && value.isHeaderValue {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let isEmpty = response.isWithoutBody
        if !isEmpty {
            fields[.contentType] = response.contentType
            if response.stream == nil || response.stream?.length != nil {
                fields[.contentLength] = String(response.stream?.length ?? response.body.count)
            }
        }
        let head = HTTPResponse(status: .init(code: max(100, min(response.status, 999))), headerFields: fields)
        if isEmpty || request.method == .head {
            try await writer.writeResponse(head)
        } else if let content = response.stream {
            try await writer.write(response: head, body: body(of: content, id: id, channel))
        } else {
            try await writer.write(response: head, body: .init(byteBuffer: ByteBuffer(bytes: response.body)))
        }
    }

    private func answer(_ request: HummingbirdCore.Request, id: String, channel: any Channel) async -> ShellResponse {
        let target = request.head.path ?? ""
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count)
        for field in request.headers { headers.add(name: field.name.rawName, value: field.value) }
        var passed = ShellRequest(
            id: id, method: request.method.rawValue, path: "", headers: headers, body: [],
            connection: connection)
        do throws(HTTPRefusal) {
            let admitted = try AdmittedHead(target: target, headers: headers, isHTTP2: true, limits: settings.limits)
            (passed.path, passed.query) = (admitted.path, admitted.query)
            if admitted.hasClientCertificates { settings.removeClientCertificates(from: &passed.headers) }
            let (body, claim) = try await gather(request, admitted, headers: headers, channel: channel)
            guard shell.admission.beginRequest() else {
                shell.admission.release(claim)
                throw .busy
            }
            defer { shell.admission.end(claim) }
            passed.body = body
            try settings.check(&passed)
            let whole = passed
            return await closing(channel, after: settings.timeouts.requestMilliseconds) {
                await untilClosed(channel) { await shell.respond(to: whole) }
            }
        } catch {
            return await refuse(error, passed, target: target, channel: channel)
        }
    }

    /// Returns the answer to a refused request. If the head can be read, the refusal is recorded in the audit log first.
    private func refuse(
        _ refusal: HTTPRefusal, _ request: ShellRequest, target: String, channel: any Channel
    ) async -> ShellResponse {
        guard refusal.isRecorded, let path = AdmittedHead.path(ofRefused: target, limits: settings.limits) else {
            return shell.answer(refusal, path: target, id: request.id)
        }
        guard shell.admission.beginRequest() else { return shell.answer(.busy, path: target, id: request.id) }
        defer { shell.admission.end() }
        var refused = request
        (refused.path, refused.query, refused.body) = (path, "", [])
        // For the audit log, the address is taken from a trusted proxy if possible.
        try? settings.check(&refused)
        let whole = refused
        return await closing(channel, after: settings.timeouts.requestMilliseconds) { await shell.refuse(refusal, whole) }
    }

    private typealias Gathered = (body: [UInt8], claim: Admission.Claim)

    /// Reads a body. For more than the size that all callers may send, the dialect must accept the caller's credentials
    /// first.
    private func gather(
        _ request: HummingbirdCore.Request, _ head: AdmittedHead, headers: HTTPHeaders, channel: any Channel
    ) async throws(HTTPRefusal) -> Gathered {
        let (shell, limits) = (shell, settings.limits)
        let unread = ShellRequest(
            id: "", method: request.method.rawValue, path: head.path, query: head.query, headers: headers, body: [],
            connection: connection)
        let result: Result<Gathered, HTTPRefusal> = await closing(channel, after: settings.timeouts.readMilliseconds) {
            var body: [UInt8] = []
            var claim = Admission.Claim()
            func refused(_ refusal: HTTPRefusal) -> Result<Gathered, HTTPRefusal> {
                shell.admission.release(claim)
                return .failure(refusal)
            }
            func refusal(ofGrowingTo count: Int) async -> HTTPRefusal? {
                guard count <= limits.bodyBytesMax else { return .bodyTooLarge }
                if count <= limits.unaskedBodyBytesMax || claim.isLarge { return nil }
                if let refusal = await shell.refusalOfLargeBody(unread, settings) { return refusal }
                // The bytes that have arrived are counted as part of a large body from now on.
                return shell.admission.admitLarge(announced: head.contentLength, &claim) ? nil : .largeBodiesFull
            }
            if let refusal = await refusal(ofGrowingTo: head.contentLength ?? 0) { return refused(refusal) }
            do {
                for try await bytes in request.body {
                    if let refusal = await refusal(ofGrowingTo: body.count + bytes.readableBytes) { return refused(refusal) }
                    guard shell.admission.reserve(bodyBytes: bytes.readableBytes, &claim) else {
                        return refused(claim.isLarge ? .largeBodiesFull : .busy)
                    }
                    body.append(contentsOf: bytes.readableBytesView)
                }
            } catch {
                return refused(.malformed)
            }
            return .success((body, claim))
        }
        return try result.get()
    }

    /// Runs work, and cancels it if the stream ends first because the client left or the deadline has passed.
    private func untilClosed<Result: Sendable>(
        _ channel: any Channel, _ work: @escaping @Sendable () async -> Result
    ) async -> Result {
        let task = Task(executorPreference: EventLoopTaskExecutor(channel.eventLoop), operation: work)
        channel.closeFuture.whenComplete { _ in task.cancel() }
        return await task.value
    }

    /// Runs work, and resets the stream if it takes too long.
    private func closing<Result: Sendable>(
        _ channel: any Channel, after milliseconds: Int, _ work: @Sendable () async -> Result
    ) async -> Result {
        guard milliseconds > 0 else { return await work() }
        let timer = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { channel.close(promise: nil) }
        let result = await work()
        timer.cancel()
        return result
    }
}
