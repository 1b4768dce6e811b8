import EngineKit
import Glibc

/// A device that sends lines over a connection.
protocol LinkedDevice: AuditDevice {
    var link: SocketLink { get set }
}

extension LinkedDevice {
    var isRecording: Bool { true }

    mutating func open() throws(AuditDeviceError) -> DeviceContents { try link.open() }

    mutating func close() { link.close() }
}

/// A socket connection that never blocks its user longer than its timeout. Errors are system error numbers (`errno`).
struct SocketLink: Sendable {
    private let target: SocketTarget
    private let addresses: SocketAddresses
    private let timeoutMilliseconds: Int
    private var descriptor: Int32 = -1
    /// The socket whose connection has begun and is not yet established.
    private var pending: Int32 = -1
    private var pendingSince: Int64 = 0
    private var nextAddress = 0
    private var hasResolved = false
    private var wasOpened = false
    /// How long a call that should not wait gives a listener on this machine to accept.
    private static let graceMilliseconds = 5

    /// Creates a link without connecting it.
    init(_ target: SocketTarget, timeoutMilliseconds: Int) {
        self.target = target
        self.timeoutMilliseconds = timeoutMilliseconds
        addresses = SocketAddresses(target)
    }

    // MARK: Connecting

    /// Connects. Blocks only the first time, when an operator enables the device or the server is unsealed. Later the
    /// connection is made in the background of requests, and each call only checks whether it is established.
    mutating func open() throws(AuditDeviceError) -> DeviceContents {
        let isFirst = !wasOpened
        wasOpened = true
        let number = connect(waiting: isFirst)
        guard number == 0 else { throw failure("connect", number) }
        return DeviceContents()
    }

    /// Returns the error for a failed operation.
    func failure(_ verb: String, _ number: Int32) -> AuditDeviceError {
        AuditDeviceError(reason: "\(verb) \(target.name): \(SystemError.text(number))", isClean: false)
    }

    /// Connects and returns 0, or the error number. Without `waiting` it only begins to connect and returns `EINPROGRESS`; the
    /// next call then learns the result. The first call also resolves the host, which blocks.
    mutating func connect(waiting: Bool) -> Int32 {
        if !hasResolved {
            hasResolved = true
            addresses.resolve()
        }
        closeConnected()
        if pending >= 0 {
            let number = completeConnection(waitMilliseconds: waiting ? timeoutMilliseconds : Self.graceMilliseconds)
            if number != EINPROGRESS { return number }
            guard Self.milliseconds() - pendingSince >= Int64(timeoutMilliseconds) else { return EINPROGRESS }
            closePending()
            return ETIMEDOUT
        }
        var number: Int32 = addresses.current.isEmpty ? EHOSTUNREACH : ECONNREFUSED
        for _ in 0..<max(1, addresses.current.count) {
            number = beginConnection()
            if number == 0 { return 0 }
            if number == EINPROGRESS {
                number = completeConnection(waitMilliseconds: waiting ? timeoutMilliseconds : Self.graceMilliseconds)
                if number == 0 || !waiting { return number }
                closePending()
            }
        }
        addresses.resolveInBackground()
        return number
    }

    /// Begins to connect to the next address.
    private mutating func beginConnection() -> Int32 {
        let all = addresses.current
        guard !all.isEmpty else { return EHOSTUNREACH }
        let address = all[nextAddress % all.count]
        nextAddress += 1
        let type = target.isDatagram ? SOCK_DGRAM : SOCK_STREAM
        let made = socket(address.family, Int32(type.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard made >= 0 else { return errno }
        let result = address.connect(made)
        let number = result == 0 ? 0 : errno
        switch number {
        case 0:
            descriptor = made
            return 0
        case EINPROGRESS:
            pending = made
            pendingSince = Self.milliseconds()
            return EINPROGRESS
        default:
            _ = Glibc.close(made)
            return number
        }
    }

    /// Waits for the pending connection, and returns 0, the error number, or `EINPROGRESS` if it is still pending.
    private mutating func completeConnection(waitMilliseconds: Int) -> Int32 {
        guard Self.poll(pending, POLLOUT, milliseconds: waitMilliseconds) else { return EINPROGRESS }
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(pending, SOL_SOCKET, SO_ERROR, &number, &size) != 0 { number = errno }
        if number == 0 {
            descriptor = pending
            pending = -1
        } else {
            closePending()
        }
        return number
    }

    private mutating func closePending() {
        if pending >= 0 { _ = Glibc.close(pending) }
        pending = -1
    }

    private mutating func closeConnected() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes the connection, also one that is not yet established.
    mutating func close() {
        closeConnected()
        closePending()
    }

    // MARK: Sending

    /// Whether the other side has closed the connection, so that anything sent would be lost.
    var isAbandoned: Bool {
        guard descriptor >= 0, !target.isDatagram else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count == 0 || count < 0 && errno != EAGAIN && errno != EINTR
    }

    /// Sends all bytes, as one datagram if the socket is one. Returns 0 or the error number.
    ///
    /// - Parameter deadline: The time of ``milliseconds()`` at which sending fails.
    func send(_ bytes: UnsafeRawBufferPointer, deadline: Int64) -> Int32 {
        guard descriptor >= 0 else { return ENOTCONN }
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(
                descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
                continue
            }
            let number = errno
            if number == EINTR { continue }
            guard number == EAGAIN || number == ENOBUFS else { return number }
            let left = deadline - Self.milliseconds()
            guard left > 0, Self.poll(descriptor, POLLOUT, milliseconds: Int(left)) else { return ETIMEDOUT }
        }
        return 0
    }

    /// The deadline of an operation that begins now.
    var deadline: Int64 { Self.milliseconds() + Int64(timeoutMilliseconds) }

    /// Returns the time of a clock that is never set back, in milliseconds.
    static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Waits until the descriptor is ready. Returns false if it is not in time.
    private static func poll(_ descriptor: Int32, _ events: Int32, milliseconds: Int) -> Bool {
        let deadline = Self.milliseconds() + Int64(milliseconds)
        while true {
            var item = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let left = max(0, deadline - Self.milliseconds())
            let ready = Glibc.poll(&item, 1, Int32(clamping: left))
            if ready < 0, errno == EINTR { continue }
            return ready > 0
        }
    }
}
