import EngineKit
import NIOCore

/// The handler of an HTTP/1 connection: it checks heads, collects bodies, calls the shell and writes the answers in the
/// order of the requests.
///
/// It replaces Hummingbird's HTTP/1 channel, whose streams and tasks need three times as much CPU time for a request; see
/// docs/decisions/0009.
final class HTTP1Handler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// The state of a connection.
    enum Phase {
        /// No request is being read or answered.
        case idle
        /// A part of a head has arrived.
        case readingHead
        /// The head was accepted, and the dialect is deciding whether the body may be large.
        case asking(Incoming)
        /// The head was accepted, and the body is arriving.
        case readingBody(Incoming)
        /// The shell is producing the answer.
        case responding(Exchange)
        /// The head of the answer was sent, and its body is produced while it is sent.
        case streaming(Exchange)
        /// The answer is waiting for the client to receive it.
        case writing
        /// The last answer was sent. Further input is discarded.
        case lingering
        /// The connection is closed.
        case closed
    }

    /// A request whose body is arriving. A class, because the phase that holds it is copied at each step.
    final class Incoming {
        var head: HTTP1Parser.Head
        let admitted: AdmittedHead
        /// The part of the shared memory that the body uses.
        var claim = Admission.Claim()
        var body: [UInt8] = []

        init(head: HTTP1Parser.Head, admitted: AdmittedHead) {
            self.head = head
            self.admitted = admitted
        }
    }

    /// What is needed of a request for its answer.
    struct Exchange {
        var id: String
        var path: String
        var isHead: Bool
        var keepAlive: Bool
        var isHTTP10 = false
    }

    /// The largest capacity that is reserved before the bytes of a body arrive.
    private static let bodyBytesAtOnce = 64 << 10

    let shell: Shell
    let settings: ListenerSettings
    var phase = Phase.idle
    /// Input that has not been parsed: a part of a head, or pipelined requests that wait for earlier answers.
    var input = ByteBuffer()
    var parser: HTTP1Parser
    var isParsing = false
    var isReadWanted = false
    var isInputClosed = false
    var isQuiescing = false
    /// Whether a burst of reads is in progress. Flushes wait for its end.
    var isReading = false
    var isFlushWanted = false
    /// The number of the current exchange. An answer with another number is late and is dropped.
    var exchangeNumber = 0
    /// The work of the current exchange, if its answer was not available immediately.
    var task: Task<Void, Never>?
    var deadline = NIODeadline.distantFuture
    var timer: Scheduled<Void>?
    var tickDueAt = NIODeadline.distantFuture
    var lingeringBytes = 0
    var lingeringBytesMax = 4 << 20
    var context: ChannelHandlerContext?
    var executor: EventLoopTaskExecutor?
    let connection: EngineKit.Connection
    var ids = RequestIDSource()
    var date = HTTPDate()

    /// Creates the handler of a connection from a client.
    init(shell: Shell, settings: ListenerSettings, connection: EngineKit.Connection) {
        self.shell = shell
        self.settings = settings
        self.connection = connection
        parser = HTTP1Parser(limits: settings.limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        executor = EventLoopTaskExecutor(context.eventLoop)
        expect(within: settings.timeouts.headerMilliseconds)
        startTimer(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { shutDown() }

    func channelInactive(context: ChannelHandlerContext) {
        shutDown()
        context.fireChannelInactive()
    }

    /// Releases the connection's resources and cancels the request in progress.
    ///
    /// Work that consists of several steps ends after the current step. A step that changes something is always completed.
    private func shutDown() {
        timer?.cancel()
        timer = nil
        switch phase {
        case .readingBody(let incoming), .asking(let incoming): shell.admission.release(incoming.claim)
        case .responding, .streaming: task?.cancel()
        default: break
        }
        phase = .closed
        input = ByteBuffer()
        context = nil
    }
}

// MARK: Reading

extension HTTP1Handler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        var bytes = unwrapInboundIn(data)
        switch phase {
        case .lingering, .closed: linger(bytes.readableBytes)
        default:
            if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
            parse(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if isFlushWanted {
            isFlushWanted = false
            context.flush()
            afterFlush(context)
        }
        context.fireChannelReadComplete()
    }

    /// Reads from the socket, but not while pipelined requests wait, which bounds their number.
    func read(context: ChannelHandlerContext) {
        if isReady || input.readableBytes == 0 { context.read() } else { isReadWanted = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isInputClosed = true
            closeIfDone(context)
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            closeIfDone(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Whether input can be parsed: no answer is in progress.
    private var isReady: Bool {
        switch phase {
        case .idle, .readingHead, .readingBody: true
        case .asking, .responding, .streaming, .writing, .lingering, .closed: false
        }
    }

    /// Parses the input that has arrived. Answers that are available immediately continue this loop instead of recursing.
    func parse(_ context: ChannelHandlerContext) {
        guard !isParsing else { return }
        isParsing = true
        do throws(HTTPRefusal) {
            while isReady, let event = try parser.next(&input) { take(event, context) }
        } catch {
            refuse(error, context)
        }
        isParsing = false
        if input.readableBytes == 0 {
            input = ByteBuffer()
        } else if case .idle = phase {
            // The time limit of a head begins with its first byte.
            phase = .readingHead
            expect(within: settings.timeouts.headerMilliseconds)
        }
        if isReadWanted, isReady || input.readableBytes == 0 {
            isReadWanted = false
            context.read()
        }
        closeIfDone(context)
    }

    private func take(_ event: HTTP1Parser.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .head(let head): begin(head, context)
        case .body(let bytes): gather(bytes, context)
        case .end: finish(context)
        }
    }
}

// MARK: One request

extension HTTP1Handler {
    private func begin(_ head: HTTP1Parser.Head, _ context: ChannelHandlerContext) {
        let admitted: AdmittedHead
        do throws(HTTPRefusal) {
            admitted = try AdmittedHead(
                target: head.target, headers: head.headers, isHTTP2: false, isHTTP10: head.isHTTP10, limits: settings.limits)
        } catch {
            return refuse(error, of: head, context)
        }
        let incoming = Incoming(head: head, admitted: admitted)
        if admitted.hasClientCertificates { settings.removeClientCertificates(from: &incoming.head.headers) }
        phase = .readingBody(incoming)
        guard admitted.hasBody else { return }
        expect(within: settings.timeouts.readMilliseconds)
        let limits = settings.limits
        guard (admitted.contentLength ?? .max) > limits.unaskedBodyBytesMax, limits.bodyBytesMax > limits.unaskedBodyBytesMax
        else { return expectBody(incoming, context) }
        ask(incoming, context)
    }

    private func expectBody(_ incoming: Incoming, _ context: ChannelHandlerContext) {
        phase = .readingBody(incoming)
        parser.expectBody(length: incoming.admitted.contentLength)
        if incoming.admitted.expectsContinue {
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"), context)
        }
    }

    /// Asks the dialect whether the body may be large, before any of it is read.
    private func ask(_ incoming: Incoming, _ context: ChannelHandlerContext) {
        exchangeNumber += 1
        phase = .asking(incoming)
        let (loop, number, shell) = (context.eventLoop, exchangeNumber, shell)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let head = ShellRequest(
            id: "", method: incoming.head.method, path: incoming.admitted.path, query: incoming.admitted.query,
            headers: incoming.head.headers, body: [], connection: connection)
        let settings = settings
        Task.immediate(executorPreference: executor) {
            let refusal = await shell.refusalOfLargeBody(head, settings)
            if loop.inEventLoop {
                bound.value.asked(refusal, number: number)
            } else {
                loop.execute { bound.value.asked(refusal, number: number) }
            }
        }
    }

    private func asked(_ refusal: HTTPRefusal?, number: Int) {
        guard let context, number == exchangeNumber, case .asking(let incoming) = phase else { return }
        if let refusal {
            if (incoming.admitted.contentLength ?? 0) > settings.limits.unaskedBodyBytesMax { return refuse(refusal, context) }
        } else {
            guard shell.admission.admitLarge(announced: incoming.admitted.contentLength, &incoming.claim) else {
                return refuse(.largeBodiesFull, context)
            }
        }
        expectBody(incoming, context)
        parse(context)
    }

    private func gather(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .readingBody(let incoming) = phase else { return }
        let count = bytes.readableBytes
        let isLarge = incoming.claim.isLarge
        let bytesMax = isLarge ? settings.limits.bodyBytesMax : settings.limits.unaskedBodyBytesMax
        guard incoming.body.count + count <= bytesMax else { return refuse(.bodyTooLarge, context) }
        guard shell.admission.reserve(bodyBytes: count, &incoming.claim) else {
            return refuse(isLarge ? .largeBodiesFull : .busy, context)
        }
        if incoming.body.isEmpty {
            // The announced length may be false, so memory is reserved and counted as bytes arrive.
            incoming.body.reserveCapacity(max(count, min(incoming.admitted.contentLength ?? count, Self.bodyBytesAtOnce)))
        }
        incoming.body.append(contentsOf: bytes.readableBytesView)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard case .readingBody(let incoming) = phase else { return }
        guard shell.admission.beginRequest() else { return refuse(.busy, context) }
        var request = ShellRequest(
            id: ids.next(), method: incoming.head.method, path: incoming.admitted.path, query: incoming.admitted.query,
            headers: incoming.head.headers, body: incoming.body, connection: connection)
        var refusal: HTTPRefusal?
        do throws(HTTPRefusal) { try settings.check(&request) } catch { refusal = error }
        start(
            request, claim: incoming.claim, refused: refusal, keepAlive: incoming.head.keepsAlive,
            isHTTP10: incoming.head.isHTTP10, context)
    }

    /// Starts the answer on this event loop. If nothing blocks, the answer is written before this function returns.
    private func start(
        _ request: ShellRequest, claim: Admission.Claim = .init(), refused: HTTPRefusal? = nil, keepAlive: Bool,
        isHTTP10: Bool = false, _ context: ChannelHandlerContext
    ) {
        exchangeNumber += 1
        let number = exchangeNumber
        phase = .responding(
            Exchange(
                id: request.id, path: request.path, isHead: request.method == "HEAD", keepAlive: keepAlive, isHTTP10: isHTTP10))
        expect(within: settings.timeouts.requestMilliseconds)
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        let shell = shell
        let task = Task.immediate(executorPreference: executor) {
            let response =
                if let refused { await shell.refuse(refused, request) } else { await shell.respond(to: request) }
            if let content = response.stream {
                // Streams are counted separately, because a slow reader must not occupy the place of a request.
                shell.admission.end(claim)
                await HTTP1Stream(handler: bound, loop: loop, number: number, admission: shell.admission).send(
                    content, of: response)
                return
            }
            shell.admission.end(claim)
            if loop.inEventLoop {
                bound.value.answered(response, number: number)
            } else {
                loop.execute { bound.value.answered(response, number: number) }
            }
        }
        if number == exchangeNumber, case .responding = phase { self.task = task }
    }

    func answered(_ response: ShellResponse, number: Int) {
        guard let context else { return }
        answered(response, number: number, context)
    }

    /// Answers that the time limit has passed, and cancels the work.
    func giveUp(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        task?.cancel()
        var last = exchange
        last.keepAlive = false
        phase = .responding(last)
        answered(shell.answer(.tookTooLong, path: exchange.path, id: exchange.id), number: exchangeNumber, context)
    }

    func answered(_ response: ShellResponse, number: Int, _ context: ChannelHandlerContext) {
        guard number == exchangeNumber, case .responding(let exchange) = phase else { return }
        exchangeNumber += 1
        task = nil
        let keepAlive = mayKeepAlive(exchange)
        let bytes = encode(response, id: exchange.id, keepAlive: keepAlive, omitsBody: exchange.isHead, context)
        phase = .idle
        expect(within: settings.timeouts.idleMilliseconds)
        write(bytes, context)
        if keepAlive { parse(context) } else { linger(context) }
    }

    /// Returns whether the connection may take a further request after this answer.
    func mayKeepAlive(_ exchange: Exchange) -> Bool {
        exchange.keepAlive && !isQuiescing && !(isInputClosed && input.readableBytes == 0)
    }

    /// Answers a refusal and reads no further requests. If the head can be read, the refusal is recorded in the audit log first.
    func refuse(_ refusal: HTTPRefusal, of head: HTTP1Parser.Head? = nil, _ context: ChannelHandlerContext) {
        var (head, path, refusal) = (head, head?.target, refusal)
        switch phase {
        case .readingBody(let incoming), .asking(let incoming):
            shell.admission.release(incoming.claim)
            (head, path) = (incoming.head, incoming.admitted.path)
        default: break
        }
        let id = ids.next()
        // A known caller reads the answer only after sending the whole request, so its body is read and discarded.
        if refusal == .largeBodiesFull { lingeringBytesMax = settings.limits.bodyBytesMax }
        if refusal.isRecorded, let head, let plain = AdmittedHead.path(ofRefused: head.target, limits: settings.limits) {
            if shell.admission.beginRequest() {
                var request = ShellRequest(
                    id: id, method: head.method, path: plain, headers: head.headers, body: [], connection: connection)
                // For the client's address; the request is refused already.
                do throws(HTTPRefusal) { try settings.check(&request) } catch {}
                return start(request, refused: refusal, keepAlive: false, context)
            }
            refusal = .busy
        }
        let response = shell.answer(refusal, path: path, id: id)
        write(encode(response, id: id, keepAlive: false, omitsBody: head?.method == "HEAD", context), context)
        linger(context)
    }
}
