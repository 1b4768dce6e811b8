import EngineKit
import NIOCore
import NIOSSL

/// One HTTP/1 connection: admits heads, gathers bodies, asks the shell, writes answers, in the order of the requests.
///
/// It stands in for Hummingbird's own HTTP/1 channel, whose streams and tasks cost three times as much CPU for a
/// request as this does; see docs/decisions.
final class HTTP1Handler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Between requests.
        case idle
        /// Some of a head has come.
        case readingHead
        /// Its head was admitted, and the dialect is asked whether its body may be large.
        case asking(Incoming)
        /// Its head was admitted.
        case readingBody(Incoming)
        /// The shell is working on it.
        case responding(Exchange)
        /// The answer's head is sent, and its body is made while it is sent.
        case streaming(Exchange)
        /// The client takes its answer slowly.
        case writing
        /// Nothing more will be answered; what comes is thrown away.
        case lingering
        case closed
    }

    struct Incoming {
        var head: HTTP1Parser.Head
        var admitted: AdmittedHead
        /// The caller is known, so the body may be larger than a stranger's.
        var isLarge = false
        var body: [UInt8] = []
    }

    /// What is left of a request while its answer is made.
    struct Exchange {
        var id: String
        var path: String
        var isHead: Bool
        var keepAlive: Bool
        var isHTTP10 = false
        var task: Task<Void, Never>?
    }

    private static let bodyBytesAtOnce = 64 << 10

    let shell: Shell
    let settings: ListenerSettings
    var phase = Phase.idle
    /// What was not read yet: part of a head, or pipelined requests that wait for the answers before them.
    var input = ByteBuffer()
    var parser: HTTP1Parser
    var isParsing = false
    var isReadWanted = false
    var isInputClosed = false
    var isQuiescing = false
    /// Inside a burst of reads: flushes are put off to its end.
    var isReading = false
    var isFlushWanted = false
    /// Goes up with every exchange, so that an answer that comes after its deadline finds nobody.
    var exchangeNumber = 0
    var deadline = NIODeadline.distantFuture
    var timer: Scheduled<Void>?
    var lingeringBytes = 0
    var context: ChannelHandlerContext?
    var executor: EventLoopTaskExecutor?
    var connection = EngineKit.Connection()
    var ids = RequestIDSource()
    var date = HTTPDate()

    init(shell: Shell, settings: ListenerSettings) {
        self.shell = shell
        self.settings = settings
        parser = HTTP1Parser(limits: settings.limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        executor = EventLoopTaskExecutor(context.eventLoop)
        connection = EngineKit.Connection(context.channel.remoteAddress)
        // There after the handshake; without TLS there is no such handler.
        if settings.tls?.clientCertificates ?? .notAsked != .notAsked {
            connection.add(try? context.pipeline.syncOperations.nioSSL_peerCertificate())
        }
        expect(within: settings.timeouts.headerMilliseconds)
        startTimer(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { shutDown() }

    func channelInactive(context: ChannelHandlerContext) {
        shutDown()
        context.fireChannelInactive()
    }

    /// Forgets the connection. Work of many steps for a request under way ends after the present one, as at its deadline; a step
    /// that changes something is always done whole.
    private func shutDown() {
        timer?.cancel()
        timer = nil
        switch phase {
        case .readingBody(let incoming):
            shell.admission.release(bodyBytes: incoming.body.count, isLarge: incoming.isLarge)
        case .responding(let exchange), .streaming(let exchange): exchange.task?.cancel()
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

    /// Asks for no more input while pipelined requests wait, which bounds them.
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

    /// Nothing is being answered.
    private var isReady: Bool {
        switch phase {
        case .idle, .readingHead, .readingBody: true
        case .asking, .responding, .streaming, .writing, .lingering, .closed: false
        }
    }

    /// Takes up what has come. A loop, however many answers are made at once.
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
            // Some of a head: from now on the rest must hurry.
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

    /// Reads nothing of a body that could be large before it is known that its sender may send one.
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
        guard let context, number == exchangeNumber, case .asking(var incoming) = phase else { return }
        incoming.isLarge = refusal == nil
        if let refusal, (incoming.admitted.contentLength ?? 0) > settings.limits.unaskedBodyBytesMax {
            return refuse(refusal, context)
        }
        expectBody(incoming, context)
        parse(context)
    }

    private func gather(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .readingBody(var incoming) = phase else { return }
        let count = bytes.readableBytes
        let bytesMax = incoming.isLarge ? settings.limits.bodyBytesMax : settings.limits.unaskedBodyBytesMax
        guard incoming.body.count + count <= bytesMax else { return refuse(.bodyTooLarge, context) }
        guard shell.admission.reserve(bodyBytes: count, isLarge: incoming.isLarge) else { return refuse(.busy, context) }
        phase = .idle  // The body has one owner while it grows, so that it grows in place.
        if incoming.body.isEmpty {
            // An announced length is only a word: memory is taken as bytes come, and counted.
            incoming.body.reserveCapacity(max(count, min(incoming.admitted.contentLength ?? count, Self.bodyBytesAtOnce)))
        }
        incoming.body.append(contentsOf: bytes.readableBytesView)
        phase = .readingBody(incoming)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard case .readingBody(let incoming) = phase else { return }
        guard shell.admission.beginRequest() else { return refuse(.busy, context) }
        let head = incoming.head
        let request = ShellRequest(
            id: ids.next(), method: head.method, path: incoming.admitted.path, query: incoming.admitted.query,
            headers: head.headers, body: incoming.body, connection: connection)
        start(request, isLarge: incoming.isLarge, keepAlive: head.keepsAlive, isHTTP10: head.isHTTP10, context)
    }

    /// Runs on this event loop at once, and answers at once when nothing has to be waited for.
    private func start(
        _ request: ShellRequest, refused: HTTPRefusal? = nil, isLarge: Bool = false, keepAlive: Bool,
        isHTTP10: Bool = false, _ context: ChannelHandlerContext
    ) {
        exchangeNumber += 1
        let number = exchangeNumber
        phase = .responding(
            Exchange(
                id: request.id, path: request.path, isHead: request.method == "HEAD", keepAlive: keepAlive, isHTTP10: isHTTP10))
        expect(within: settings.timeouts.requestMilliseconds)
        var request = request
        var refusal = refused
        do throws(HTTPRefusal) { try settings.check(&request) } catch { refusal = refusal ?? error }
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        let shell = shell
        let task = Task.immediate(executorPreference: executor) { [request, refusal] in
            let response =
                if let refusal { await shell.refuse(refusal, request) } else { await shell.respond(to: request) }
            if let content = response.stream {
                // The request is under way until its stream ends; its own body is not needed any more.
                shell.admission.release(bodyBytes: request.body.count, isLarge: isLarge)
                await HTTP1Stream(handler: bound, loop: loop, number: number).send(content, of: response)
                shell.admission.end(bodyBytes: 0)
                return
            }
            shell.admission.end(bodyBytes: request.body.count, isLarge: isLarge)
            if loop.inEventLoop {
                bound.value.answered(response, number: number)
            } else {
                loop.execute { bound.value.answered(response, number: number) }
            }
        }
        if number == exchangeNumber, case .responding(var exchange) = phase {
            exchange.task = task
            phase = .responding(exchange)
        }
    }

    private func answered(_ response: ShellResponse, number: Int) {
        guard let context else { return }
        answered(response, number: number, context)
    }

    /// The deadline of an answer has passed: says so and leaves.
    func giveUp(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        exchange.task?.cancel()
        var last = exchange
        last.keepAlive = false
        phase = .responding(last)
        answered(shell.answer(.tookTooLong, path: exchange.path, id: exchange.id), number: exchangeNumber, context)
    }

    private func answered(_ response: ShellResponse, number: Int, _ context: ChannelHandlerContext) {
        guard number == exchangeNumber, case .responding(let exchange) = phase else { return }
        exchangeNumber += 1
        let keepAlive = mayKeepAlive(exchange)
        let bytes = encode(response, id: exchange.id, keepAlive: keepAlive, omitsBody: exchange.isHead, context)
        phase = .idle
        expect(within: settings.timeouts.idleMilliseconds)
        write(bytes, context)
        if keepAlive { parse(context) } else { linger(context) }
    }

    /// Whether the connection may take a further request after this answer.
    func mayKeepAlive(_ exchange: Exchange) -> Bool {
        exchange.keepAlive && !isQuiescing && !(isInputClosed && input.readableBytes == 0)
    }

    /// Answers and reads no further. What the client did wrong is put on record first, as far as its head can be read.
    func refuse(_ refusal: HTTPRefusal, of head: HTTP1Parser.Head? = nil, _ context: ChannelHandlerContext) {
        var (head, path, refusal) = (head, head?.target, refusal)
        switch phase {
        case .readingBody(let incoming), .asking(let incoming):
            shell.admission.release(bodyBytes: incoming.body.count, isLarge: incoming.isLarge)
            (head, path) = (incoming.head, incoming.admitted.path)
        default: break
        }
        let id = ids.next()
        if refusal.isOfRequest, let head, let plain = AdmittedHead.path(ofRefused: head.target, limits: settings.limits) {
            if shell.admission.beginRequest() {
                let request = ShellRequest(
                    id: id, method: head.method, path: plain, headers: head.headers, body: [], connection: connection)
                return start(request, refused: refusal, keepAlive: false, context)
            }
            refusal = .busy
        }
        let response = shell.answer(refusal, path: path, id: id)
        write(encode(response, id: id, keepAlive: false, omitsBody: head?.method == "HEAD", context), context)
        linger(context)
    }
}
