import Glibc

/// Standard output, a pipe, or any other descriptor that cannot be truncated.
///
/// A reader that stops reading must not stop the server, so a write fails after a timeout. What was already sent cannot be
/// taken back, so the next write begins on a new line.
struct StreamDevice: AuditDevice {
    private let original: Int32
    private let name: String
    private let timeoutMilliseconds: Int32
    private var descriptor: Int32 = -1
    private var isMidLine = false

    /// Creates a device that writes to a duplicate of the descriptor. The descriptor remains the caller's.
    init(descriptor: Int32, name: String, timeoutMilliseconds: Int32) {
        original = descriptor
        self.name = name
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    var isRecording: Bool { true }

    mutating func open() throws(AuditDeviceError) -> DeviceContents {
        close()
        descriptor = fcntl(original, F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { throw failure("open", errno, isClean: true) }
        return DeviceContents()
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        guard descriptor >= 0 else { throw failure("write", EBADF, isClean: false) }
        if isMidLine {
            try withUnsafeBytes(of: UInt8(ascii: "\n")) { newline throws(AuditDeviceError) in try push(newline) }
            isMidLine = false
        }
        try push(bytes)
    }

    /// Sends all bytes, in pieces.
    private mutating func push(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        var sent = 0
        while sent < bytes.count {
            // A pipe that polls as writable accepts this much without blocking (pipe(7)).
            let piece = UnsafeRawBufferPointer(rebasing: bytes[sent..<min(bytes.count, sent + Int(PIPE_BUF))])
            let number = Self.send(piece, to: descriptor, timeoutMilliseconds: timeoutMilliseconds)
            guard number >= 0 else {
                isMidLine = isMidLine || (sent > 0 && bytes[sent - 1] != UInt8(ascii: "\n"))
                throw failure("write", Int32(-number), isClean: false)
            }
            sent += number
        }
    }

    mutating func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    private func failure(_ verb: String, _ number: Int32, isClean: Bool) -> AuditDeviceError {
        AuditDeviceError(reason: "\(verb) \(name): \(SystemError.text(number))", isClean: isClean)
    }

    /// Sends bytes as soon as the descriptor is writable. Returns their number, or the negated error number.
    private static func send(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, timeoutMilliseconds: Int32) -> Int {
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let ready = Glibc.poll(&poll, 1, timeoutMilliseconds)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return ready == 0 ? -Int(ETIMEDOUT) : -Int(errno) }
            let sent = withoutPipeSignal { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
            if sent == -Int(EINTR) || sent == -Int(EAGAIN) { continue }
            return sent
        }
    }

    /// Runs a write in which a closed pipe is an error, instead of a SIGPIPE that ends the process.
    private static func withoutPipeSignal(_ body: () -> Int) -> Int {
        var pipeSignal = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
        let result = body()
        let number = errno
        if result < 0, number == EPIPE {
            var none = timespec()
            while sigtimedwait(&pipeSignal, nil, &none) < 0, errno == EINTR {}
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        return result < 0 ? -Int(number) : result
    }
}
