import NIOCore

/// One timer per connection looks at one deadline now and then, so that no request has to set a timer of its own.
extension HTTP1Handler {
    func expect(within milliseconds: Int) {
        deadline = milliseconds > 0 ? .now() + .milliseconds(Int64(milliseconds)) : .distantFuture
    }

    func startTimer(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: settings.timeouts.tick) { bound.value.tick() }
    }

    private func tick() {
        guard let context else { return }
        if NIODeadline.now() >= deadline { expire(context) }
        if self.context != nil { startTimer(context) }
    }

    private func expire(_ context: ChannelHandlerContext) {
        switch phase {
        case .idle, .writing, .streaming, .lingering: context.close(promise: nil)
        case .readingHead, .asking, .readingBody: refuse(.slow, context)
        case .responding(let exchange): giveUp(exchange, context)
        case .closed: break
        }
    }

    func closeIfDone(_ context: ChannelHandlerContext) {
        guard isInputClosed || isQuiescing else { return }
        switch phase {
        case .idle: context.close(promise: nil)
        case .readingHead, .readingBody, .lingering: if isInputClosed { context.close(promise: nil) }
        case .asking, .responding, .streaming, .writing, .closed: break
        }
    }

    /// Ends the answers, and gives the client a moment to read the last one: closing at once would let the kernel
    /// answer its unread input with a reset, which may reach the client before the answer does.
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

    /// Input nobody waits for. A client that sends on and on is cut off.
    func linger(_ bytes: Int) {
        lingeringBytes += bytes
        if lingeringBytes > 4 << 20 { context?.close(promise: nil) }
    }
}

extension ShellTimeouts {
    /// How often a connection looks at its deadline: a quarter of the shortest, so none is missed by much.
    var tick: TimeAmount {
        let all = [
            headerMilliseconds, readMilliseconds, writeMilliseconds, idleMilliseconds, requestMilliseconds, lingerMilliseconds,
        ]
        return .milliseconds(Int64(min(1_000, max(5, (all.filter { $0 > 0 }.min() ?? 1_000) / 4))))
    }
}
