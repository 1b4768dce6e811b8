import NIOCore

/// The time limits of a connection. One repeating timer checks a deadline, so that requests need no timers of their own.
extension HTTP1Handler {
    /// Sets the deadline. 0 milliseconds mean none.
    func expect(within milliseconds: Int) {
        deadline = milliseconds > 0 ? .now() + .milliseconds(Int64(milliseconds)) : .distantFuture
    }

    /// Schedules the next check of the deadline.
    func startTimer(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        tickDueAt = .now() + settings.timeouts.tick
        timer = context.eventLoop.scheduleTask(in: settings.timeouts.tick) { bound.value.tick() }
    }

    private func tick() {
        guard let context else { return }
        let now = NIODeadline.now()
        let late = now - tickDueAt
        // The event loop was busy for that long. The client's data is waiting in the kernel, so the client is not slow.
        if isReceiving, late > settings.timeouts.tick, deadline < .distantFuture { deadline = deadline + late }
        if now >= deadline { expire(context) }
        if self.context != nil { startTimer(context) }
    }

    private var isReceiving: Bool {
        switch phase {
        case .readingHead, .asking, .readingBody: true
        case .idle, .responding, .streaming, .writing, .lingering, .closed: false
        }
    }

    private func expire(_ context: ChannelHandlerContext) {
        switch phase {
        case .idle, .writing, .lingering: context.close(promise: nil)
        case .streaming: breakOff(context)
        case .readingHead, .asking, .readingBody: refuse(.slow, context)
        case .responding(let exchange): giveUp(exchange, context)
        case .closed: break
        }
    }

    /// Closes the connection if the client or the server ended it and no answer is in progress.
    func closeIfDone(_ context: ChannelHandlerContext) {
        guard isInputClosed || isQuiescing else { return }
        switch phase {
        case .idle: context.close(promise: nil)
        case .readingHead, .readingBody, .lingering: if isInputClosed { context.close(promise: nil) }
        case .asking, .responding, .streaming, .writing, .closed: break
        }
    }

    /// Sends no further answers, and gives the client time to read the last one.
    ///
    /// If the connection was closed at once, the kernel would answer unread input with a reset, which can overtake the
    /// answer.
    func linger(_ context: ChannelHandlerContext) {
        phase = .lingering
        input = ByteBuffer()
        expect(within: settings.timeouts.lingerMilliseconds)
        if isInputClosed {
            context.flush()
            context.close(promise: nil)
        } else {
            context.flush()
            context.close(mode: .output, promise: nil)
        }
        if isReadWanted {
            isReadWanted = false
            context.read()
        }
    }

    /// Counts discarded input, and closes the connection of a client that keeps sending.
    func linger(_ bytes: Int) {
        lingeringBytes += bytes
        if lingeringBytes > lingeringBytesMax { context?.close(promise: nil) }
    }
}

extension ShellTimeouts {
    /// The interval between checks of the deadline: a quarter of the shortest time limit, from 5 milliseconds to a second.
    var tick: TimeAmount {
        let all = [
            headerMilliseconds, readMilliseconds, writeMilliseconds, idleMilliseconds, requestMilliseconds, lingerMilliseconds,
        ]
        return .milliseconds(Int64(min(1_000, max(5, (all.filter { $0 > 0 }.min() ?? 1_000) / 4))))
    }
}
