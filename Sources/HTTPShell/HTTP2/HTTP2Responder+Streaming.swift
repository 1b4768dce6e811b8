import EngineKit
import HummingbirdCore
import NIOCore
import Synchronization

/// Answers whose body is produced while it is sent. The producer waits while the client takes nothing, and a stream whose
/// body cannot be completed is reset.
extension HTTP2Responder {
    func body(of content: StreamedContent, id: String, _ channel: any Channel) -> ResponseBody {
        let (shell, timeouts) = (shell, settings.timeouts)
        return ResponseBody(contentLength: content.length) { writer in
            let production = Production(content.pieces(), on: channel)
            do {
                while let piece = try await production.next(within: timeouts.requestMilliseconds) {
                    let timer = channel.closing(after: timeouts.writeMilliseconds)
                    defer { timer?.cancel() }
                    try await writer.write(ByteBuffer(bytes: piece))
                }
                try await writer.finish(nil)
            } catch {
                shell.tellOfBrokenStream(error, requestID: id)
                channel.close(promise: nil)
                throw error
            }
        }
    }
}

/// Produces the pieces of one answer, each in a task that is canceled when the client leaves.
private final class Production: Sendable {
    private struct State {
        var pieces: StreamedContent.Pieces
        var hasLeft = false
        var making: Task<StreamedContent.Pieces.Step, any Error>?
    }

    private let channel: any Channel
    private let state: Mutex<State>

    init(_ pieces: StreamedContent.Pieces, on channel: any Channel) {
        self.channel = channel
        state = Mutex(State(pieces: pieces))
        channel.closeFuture.whenComplete { [self] _ in leave() }
    }

    /// Returns the next piece, or nil after the last one. Resets the stream if producing it takes too long.
    func next(within milliseconds: Int) async throws -> [UInt8]? {
        let timer = channel.closing(after: milliseconds)
        defer { timer?.cancel() }
        let task = state.withLock { state in
            let task = Task(executorPreference: EventLoopTaskExecutor(channel.eventLoop)) { [pieces = state.pieces] in
                try await pieces.step()
            }
            if state.hasLeft { task.cancel() }
            state.making = task
            return task
        }
        let step = try await task.value
        state.withLock { state in
            state.making = nil
            state.pieces = step.rest
        }
        return step.piece
    }

    private func leave() {
        let making = state.withLock { state in
            state.hasLeft = true
            return state.making
        }
        making?.cancel()
    }
}

extension Channel {
    /// Closes the channel after the given time unless the timer is canceled. Returns nil if there is no limit.
    fileprivate func closing(after milliseconds: Int) -> Scheduled<Void>? {
        guard milliseconds > 0 else { return nil }
        return eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { self.close(promise: nil) }
    }
}
