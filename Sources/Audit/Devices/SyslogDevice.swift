import EngineKit
import Glibc
import Syntax

/// A device that sends lines to the local syslog daemon, as RFC 3164 messages of severity `info`: `<38>Nov 21 06:30:00
/// coffer[4711]: {"seq":…}`.
struct SyslogDevice: LinkedDevice {
    /// The usual paths of the daemon's socket.
    static let defaultPaths = ["/dev/log", "/var/run/syslog", "/var/run/log"]
    /// The largest part of a line in one message. This is the limit of the socket; daemons have a lower one of their own, often
    /// 8 KiB, which can be configured there.
    static let datagramBytesMax = 60_000

    private let target: SocketTarget
    private let facility: Int
    private let tag: String
    private let clock: any TimeSource
    var link: SocketLink

    init(paths: [String], facility: Int, tag: String, clock: any TimeSource, timeoutMilliseconds: Int) {
        target = .unixDatagram(paths)
        self.facility = facility
        self.tag = tag
        self.clock = clock
        link = SocketLink(target, timeoutMilliseconds: timeoutMilliseconds)
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        var number = push(bytes)
        // The daemon was restarted, and its new socket has another inode under the same name.
        if number == ECONNREFUSED || number == ENOTCONN || number == ECONNRESET, link.connect(waiting: false) == 0 {
            number = push(bytes)
        }
        guard number == 0 else {
            link.close()
            throw link.failure("write", number)
        }
    }

    /// Sends each line as a message. Returns 0 or an error number.
    private func push(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        let deadline = link.deadline
        let head = head(at: clock.now())
        return Datagrams.each(in: bytes, bytesMax: Self.datagramBytesMax) { part, piece in
            (head + part + Array(piece)).withUnsafeBytes { link.send($0, deadline: deadline) }
        }
    }

    /// Returns the beginning of a message (RFC 3164, section 4.1).
    private func head(at time: Timestamp) -> [UInt8] {
        // 6 is the severity "info".
        Array("<\(facility * 8 + 6)>\(Self.stamp(time)) \(tag)[\(getpid())]: ".utf8)
    }

    /// Returns a time in the form `Nov  1 06:30:00`, in UTC.
    static func stamp(_ time: Timestamp) -> String {
        let text = time.description  // 2026-11-01T06:30:00.…
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = Int(text.dropFirstUTF8(5).prefixUTF8(2)).map { months[max(0, min(11, $0 - 1))] } ?? "Jan"
        let day = text.dropFirstUTF8(8).prefixUTF8(2)
        return
            "\(month) \(day.hasUTF8Prefix("0") ? " " + day.dropFirstUTF8() : String(day)) \(text.dropFirstUTF8(11).prefixUTF8(8))"
    }

    /// Returns the number of a facility (RFC 3164, section 4.1.1) by the name that Vault uses, or nil if there is none.
    static func facility(_ name: String) -> Int? {
        let names = [
            "KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP",
        ]
        if let number = names.firstIndex(of: name.uppercased()) { return number }
        guard let digit = name.uppercased().removingUTF8Prefix("LOCAL"), let number = Int(digit), (0...7).contains(number) else {
            return nil
        }
        return 16 + number
    }
}
