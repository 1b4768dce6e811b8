import EngineKit
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOSSL

/// Answers HTTP/2 streams, which Hummingbird accepts and frames, through the same checks and dialects as HTTP/1.
struct HTTP2Responder: Sendable {
    let shell: Shell
    let settings: ListenerSettings

    /// Concurrent as the writer's own functions are, which it may only be sent to from there.
    @concurrent func respond(
        _ request: HummingbirdCore.Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        var ids = RequestIDSource()
        let id = ids.next()
        // The work stays on the connection's event loop, as it does for HTTP/1.
        let response = await withTaskExecutorPreference(EventLoopTaskExecutor(channel.eventLoop)) {
            await answer(request, id: id, channel)
        }
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

    private func answer(_ request: HummingbirdCore.Request, id: String, _ channel: any Channel) async -> ShellResponse {
        let target = request.head.path ?? ""
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count)
        for field in request.headers { headers.add(name: field.name.rawName, value: field.value) }
        var passed = ShellRequest(
            id: id, method: request.method.rawValue, path: "", headers: headers, body: [],
            connection: EngineKit.Connection((channel.parent ?? channel).remoteAddress))
        do throws(HTTPRefusal) {
            let admitted = try AdmittedHead(target: target, headers: headers, isHTTP2: true, limits: settings.limits)
            (passed.path, passed.query) = (admitted.path, admitted.query)
            let (body, isLarge) = try await gather(request, admitted, headers, channel)
            guard shell.admission.beginRequest() else {
                shell.admission.release(bodyBytes: body.count, isLarge: isLarge)
                throw .busy
            }
            var isStreamed = false
            defer {
                // A streamed answer is under way until its stream ends.
                if isStreamed {
                    shell.admission.release(bodyBytes: body.count, isLarge: isLarge)
                } else {
                    shell.admission.end(bodyBytes: body.count, isLarge: isLarge)
                }
            }
            passed.body = body
            if settings.tls?.clientCertificates ?? .notAsked != .notAsked {
                passed.connection.add(try? await (channel.parent ?? channel).nioSSL_peerCertificate().get())
            }
            try settings.check(&passed)
            let whole = passed
            let response = await closing(channel, after: settings.timeouts.requestMilliseconds) {
                await untilClosed(channel) { await shell.respond(to: whole) }
            }
            isStreamed = response.stream != nil && !response.isWithoutBody && request.method != .head
            return response
        } catch {
            return await refuse(error, passed, target, channel)
        }
    }

    /// What the client did wrong is put on record first, as far as its head can be read.
    private func refuse(
        _ refusal: HTTPRefusal, _ request: ShellRequest, _ target: String, _ channel: any Channel
    ) async -> ShellResponse {
        guard refusal.isOfRequest, let path = AdmittedHead.path(ofRefused: target, limits: settings.limits) else {
            return shell.answer(refusal, path: target, id: request.id)
        }
        guard shell.admission.beginRequest() else { return shell.answer(.busy, path: target, id: request.id) }
        defer { shell.admission.end(bodyBytes: 0) }
        var refused = request
        (refused.path, refused.query, refused.body) = (path, "", [])
        // The address that a trusted proxy names, where it does.
        try? settings.check(&refused)
        let whole = refused
        return await closing(channel, after: settings.timeouts.requestMilliseconds) { await shell.refuse(refusal, whole) }
    }

    private typealias Gathered = (body: [UInt8], isLarge: Bool)

    /// A body that grows past a stranger's is read further once the dialect knows its sender.
    private func gather(
        _ request: HummingbirdCore.Request, _ head: AdmittedHead, _ headers: HTTPHeaders, _ channel: any Channel
    ) async throws(HTTPRefusal) -> Gathered {
        let (shell, limits) = (shell, settings.limits)
        let unread = ShellRequest(
            id: "", method: request.method.rawValue, path: head.path, query: head.query, headers: headers, body: [],
            connection: EngineKit.Connection((channel.parent ?? channel).remoteAddress))
        let result: Result<Gathered, HTTPRefusal> = await closing(channel, after: settings.timeouts.readMilliseconds) {
            var body: [UInt8] = []
            var isLarge = false
            func refused(_ refusal: HTTPRefusal) -> Result<Gathered, HTTPRefusal> {
                shell.admission.release(bodyBytes: body.count, isLarge: isLarge)
                return .failure(refusal)
            }
            func refusal(ofGrowingTo count: Int) async -> HTTPRefusal? {
                guard count <= limits.bodyBytesMax else { return .bodyTooLarge }
                if count <= limits.unaskedBodyBytesMax || isLarge { return nil }
                if let refusal = await shell.refusalOfLargeBody(unread, settings) { return refusal }
                // What came so far counts as a part of a large body from here on.
                shell.admission.release(bodyBytes: body.count)
                isLarge = true
                guard shell.admission.reserve(bodyBytes: body.count, isLarge: true) else {
                    body = []
                    return .busy
                }
                return nil
            }
            if let refusal = await refusal(ofGrowingTo: head.contentLength ?? 0) { return refused(refusal) }
            do {
                for try await bytes in request.body {
                    if let refusal = await refusal(ofGrowingTo: body.count + bytes.readableBytes) { return refused(refusal) }
                    guard shell.admission.reserve(bodyBytes: bytes.readableBytes, isLarge: isLarge) else { return refused(.busy) }
                    body.append(contentsOf: bytes.readableBytesView)
                }
            } catch {
                return refused(.malformed)
            }
            return .success((body, isLarge))
        }
        return try result.get()
    }

    /// Cancels the work when the stream ends before it: the client left, or the deadline has passed.
    private func untilClosed<Result: Sendable>(
        _ channel: any Channel, _ work: @escaping @Sendable () async -> Result
    ) async -> Result {
        let task = Task(executorPreference: EventLoopTaskExecutor(channel.eventLoop), operation: work)
        channel.closeFuture.whenComplete { _ in task.cancel() }
        return await task.value
    }

    /// Resets the stream when the work takes too long.
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
