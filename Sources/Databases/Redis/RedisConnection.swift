import CHiredis
import DatabaseClients
import Glibc

/// A session with a Redis or Valkey server. Its calls block, so only the threads of a pool use it, one at a time.
///
/// hiredis connects, formats commands and parses answers. The transport is not hiredis's, because its stable versions in
/// distributions have no TLS.
final class RedisConnection: PooledConnection, @unchecked Sendable {  // the pool lends it to one thread at a time
    private var context: UnsafeMutablePointer<redisContext>?
    private var reader: UnsafeMutablePointer<redisReader>?
    private var transport: any RedisTransport
    private var isBroken = false

    private static let secondsMax = 10
    private static let replyBytesMax = 1 << 20

    /// Connects, and logs in if the target has a password.
    ///
    /// - Parameter deadline: Ends the connection at a time; its owner closes the connection only after ending it.
    init(_ target: RedisTarget, deadline: SocketDeadline? = nil) throws(DatabaseError) {
        let limit = timeval(tv_sec: 5, tv_usec: 0)
        guard let context = redisConnectWithTimeout(target.address ?? target.host, Int32(target.port), limit) else {
            throw .unavailable("the database server cannot be reached")
        }
        guard context.pointee.err == 0 else {
            redisFree(context)
            throw .unavailable("the database server cannot be reached")
        }
        deadline?.watch(context.pointee.fd)
        redisSetTimeout(context, timeval(tv_sec: Self.secondsMax, tv_usec: 0))
        do throws(DatabaseError) {
            transport =
                try target.tls.map { tls throws(DatabaseError) in
                    try TLSTransport(context.pointee.fd, host: target.host, tls)
                } ?? PlainTransport(descriptor: context.pointee.fd)
        } catch {
            deadline?.end()
            redisFree(context)
            throw error
        }
        self.context = context
        reader = redisReaderCreate()
        do throws(DatabaseError) {
            try logIn(target)
        } catch {
            close()
            throw error
        }
    }

    private func logIn(_ target: RedisTarget) throws(DatabaseError) {
        guard !target.password.isEmpty else { return }
        let credentials = target.username.isEmpty ? [target.password] : [target.username, target.password]
        if case .error = try command(["AUTH"] + credentials) {
            throw .unavailable("the database refused the username or password")
        }
    }

    deinit { close() }

    /// Ends the session. It is called by the pool and again when the object ends.
    func close() {
        guard let context else { return }
        transport.end()
        if let reader { redisReaderFree(reader) }
        redisFree(context)
        self.context = nil
        reader = nil
    }

    var isUsable: Bool {
        guard let context, !isBroken else { return false }
        var socket = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
        // An idle session has nothing to read unless the server has ended it.
        return poll(&socket, 1, 0) == 0
    }

    /// Sends a command and returns its answer.
    ///
    /// - Throws: ``DatabaseError/uncertain(_:)`` for any failure after the command was sent.
    func command(_ words: [String]) throws(DatabaseError) -> RedisReply {
        guard !isBroken, let reader else { throw .unavailable("the connection to the database was lost") }
        guard transport.send(try Self.encoded(words)) else { throw lost() }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var total = 0
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw lost() }
            if let reply {
                defer { freeReplyObject(reply) }
                return RedisReply(reply.assumingMemoryBound(to: redisReply.self))
            }
            let count = transport.receive(&buffer)
            total += max(count, 0)
            guard count > 0, total <= Self.replyBytesMax else { throw lost() }
            let isFed = buffer.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { redisReaderFeed(reader, $0.baseAddress, count) == REDIS_OK }
            }
            guard isFed else { throw lost() }
        }
    }

    private static func encoded(_ words: [String]) throws(DatabaseError) -> [UInt8] {
        var text: UnsafeMutablePointer<CChar>?
        let lengths = words.map(\.utf8.count)
        let count = CStringArray(words).withPointers { pointers in
            lengths.withUnsafeBufferPointer { lengths in
                let words = UnsafeMutablePointer(mutating: pointers)
                return Int(redisFormatCommandArgv(&text, Int32(lengths.count), words, lengths.baseAddress))
            }
        }
        guard count > 0, let text else { throw .invalid("a command could not be written") }
        defer { redisFreeCommand(text) }
        return UnsafeRawBufferPointer(start: text, count: count).map { $0 }
    }

    private func lost() -> DatabaseError {
        isBroken = true
        return .uncertain("the database was lost in the middle of a change; Coffer finds out what became of it")
    }
}

/// Sends bytes to a server and receives its answers.
protocol RedisTransport {
    func send(_ bytes: [UInt8]) -> Bool
    /// Receives bytes and returns how many came; 0 or less at the end of the stream or after a timeout.
    func receive(_ buffer: inout [UInt8]) -> Int
    func end()
}

struct PlainTransport: RedisTransport {
    /// The socket, which hiredis closes.
    let descriptor: Int32
    private let noSignal = Int32(truncatingIfNeeded: Int(MSG_NOSIGNAL))

    init(descriptor: Int32) { self.descriptor = descriptor }

    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, noSignal)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func receive(_ buffer: inout [UInt8]) -> Int {
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 || errno != EINTR { return count }
        }
    }

    func end() {}
}
