import EngineKit
import Foundation
import Glibc
import Syntax
import TestSupport
import Testing

@testable import Audit  // Long lines are cut by a part that has no other outside.

/// Listens, and reads what the system has kept for it.
private final class Listener {
    let type: String
    private var listening: Int32 = -1
    private var connections: [Int32] = []
    private(set) var port: UInt16 = 0
    private let path: String

    /// `port` 0 takes a free one.
    init(_ type: String, path: String = "", port: UInt16 = 0) throws {
        self.type = type
        self.path = path
        let isStream = type == "tcp" || type == "unix"
        let family = type == "tcp" || type == "udp" ? AF_INET : AF_UNIX
        listening = socket(
            family, Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var one: Int32 = 1
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(4))
        let address: SystemAddress
        if family == AF_UNIX {
            unlink(path)
            address = try #require(SystemAddress(unix: path))
        } else {
            var inet = sockaddr_in()
            inet.sin_family = sa_family_t(AF_INET)
            inet.sin_port = port.bigEndian
            inet.sin_addr.s_addr = inet_addr("127.0.0.1")
            address = SystemAddress(family: AF_INET, bytes: withUnsafeBytes(of: &inet) { Array($0) })
        }
        try #require(address.withPointer { bind(listening, $0, $1) } == 0)
        if isStream { try #require(listen(listening, 8) == 0) }
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        if family == AF_INET {
            withUnsafeMutableBytes(of: &name) { bytes in
                _ = bytes.baseAddress.map { getsockname(listening, $0.assumingMemoryBound(to: sockaddr.self), &size) }
            }
            self.port = UInt16(bigEndian: name.sin_port)
        }
    }

    var address: String { port == 0 ? path : "127.0.0.1:\(port)" }
    var options: [String: String] { ["address": address, "socket_type": type] }

    /// Everything that has arrived; a datagram an element, or a connection's bytes.
    func received() -> [[UInt8]] {
        guard type == "tcp" || type == "unix" else { return drain(listening) }
        accept()
        return connections.map { drain($0).flatMap { $0 } }
    }

    func accept() {
        while true {
            let made = Glibc.accept(listening, nil, nil)
            guard made >= 0 else { return }
            _ = fcntl(made, F_SETFL, O_NONBLOCK)
            connections.append(made)
        }
    }

    func hangUp() {
        for connection in connections { close(connection) }
        connections = []
    }

    private func drain(_ descriptor: Int32) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 70_000)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return found }
            found.append(Array(buffer[..<count]))
        }
    }

    func stop() {
        hangUp()
        if listening >= 0 { close(listening) }
        listening = -1
    }

    deinit { stop() }
}

@Suite struct SocketTests {
    private func enable(_ trail: Trail, _ listener: Listener, _ more: [String: String] = [:]) throws {
        let options = listener.options.merging(more) { $1 }
        try trail.broker.enable(
            .init(path: "sock/", type: "socket", description: "", options: options, accessor: "audit_file_sock"))
    }

    private func enableSyslog(_ trail: Trail, _ path: String, _ more: [String: String] = [:]) throws {
        let options = ["socket_path": path].merging(more) { $1 }
        try trail.broker.enable(
            .init(path: "log/", type: "syslog", description: "", options: options, accessor: "audit_file_log"))
    }

    private func verdict(_ bytes: [UInt8], _ name: String = "sock") -> AuditVerdict {
        AuditVerifier.verify(bytes, keys: .device(Trail.deviceKey(name)))
    }

    private func milliseconds(_ body: () throws -> Void) rethrows -> Int64 {
        let start = SocketLink.milliseconds()
        try body()
        return SocketLink.milliseconds() - start
    }

    @Test(arguments: ["tcp", "unix", "udp"])
    func `lines go to a listener and verify as a file's do`(type: String) throws {
        let trail = try Trail()
        let listener = try Listener(type, path: trail.directory + "/s")
        try enable(trail, listener)
        for number in 0..<3 { try trail.broker.record(.request(["k": .int(number)]), .response(["v": "x"])) }
        let messages = listener.received()
        let bytes = messages.flatMap { $0 }
        #expect(verdict(bytes).isIntact)
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 7)
        if type == "udp" { #expect(messages.count == 7) }
        #expect(!String(decoding: bytes, as: UTF8.self).contains("hvs.token"))
    }

    @Test func `a line to syslog has a head of RFC 3164`() throws {
        let trail = try Trail()
        let listener = try Listener("datagram", path: trail.directory + "/log")
        try enableSyslog(trail, trail.directory + "/log", ["facility": "local3", "tag": "vault"])
        try trail.broker.record(.request())
        let head = "<158>Nov 14 22:13:20 vault[\(getpid())]: "
        let messages = listener.received().map { String(decoding: $0, as: UTF8.self) }
        #expect(messages.count == 2)
        #expect(messages.allSatisfy { $0.hasPrefix(head + "{\"seq\":") && $0.hasSuffix("}\n") })
        #expect(verdict(messages.flatMap { Array($0.utf8.dropFirst(head.utf8.count)) }, "log").isIntact)
    }

    @Test(arguments: [("AUTH", 4), ("auth", 4), ("LOCAL0", 16), ("LOCAL7", 23), ("DAEMON", 3), ("FTP", 11)])
    func `facilities have the numbers of RFC 3164`(name: String, number: Int) {
        #expect(SyslogDevice.facility(name) == number)
    }

    @Test func `days before the tenth have a space in front`() {
        #expect(SyslogDevice.stamp(Timestamp(seconds: 1_793_515_800)) == "Nov  1 06:50:00")
    }

    @Test func `a long line is cut into parts that say where they belong`() throws {
        let line = Array("{\"seq\":17,\"x\":\"".utf8) + [UInt8](repeating: 0x61, count: 250) + Array("\"}\n".utf8)
        var messages: [[UInt8]] = []
        let short = Array("{\"seq\":18}\n".utf8)
        let result = (line + short).withUnsafeBytes { bytes in
            Datagrams.each(in: bytes, bytesMax: 100) { head, piece in
                messages.append(head + Array(piece))
                return 0
            }
        }
        #expect(result == 0 && messages.count == 4 && messages[3] == short)
        let heads = ["part 1/3 of 17: ", "part 2/3 of 17: ", "part 3/3 of 17: "]
        for (message, head) in zip(messages, heads) { #expect(message.starts(with: head.utf8)) }
        #expect(messages.prefix(3).flatMap { $0.dropFirst(16) } == line)
        let endless = [UInt8](repeating: 0x61, count: Datagrams.partsMax * 10 + 1)
        #expect(endless.withUnsafeBytes { Datagrams.each(in: $0, bytesMax: 10) { _, _ in 0 } } == EMSGSIZE)
    }

    @Test(arguments: ["tcp", "unix"])
    func `a listener that hung up gets the next line over a new connection`(type: String) throws {
        let trail = try Trail()
        let listener = try Listener(type, path: trail.directory + "/s")
        try enable(trail, listener)
        try trail.broker.record(.request())
        let first = listener.received().flatMap { $0 }
        listener.hangUp()
        try trail.broker.record(.request())
        let second = listener.received().flatMap { $0 }
        #expect(!second.isEmpty && verdict(first + second).isIntact)
    }

    @Test func `a dead listener fails at once, is tried seldom, and is used again when it is back`() throws {
        let trail = try Trail()
        let listener = try Listener("tcp")
        try enable(trail, listener, ["write_timeout": "500ms"])
        try trail.broker.record(.request())
        let first = listener.received().flatMap { $0 }
        let port = listener.port
        listener.stop()
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        let elapsed = milliseconds {
            for _ in 0..<100 { #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) } }
        }
        #expect(elapsed < 5_000)  // 100 times the timeout would be 50 s.
        let again = try Listener("tcp", port: port)
        #expect(throws: AuditError.notRecorded) { try trail.broker.record(.request()) }
        trail.time.advance(seconds: 10)
        try trail.broker.record(.request())
        let second = again.received().flatMap { $0 }
        #expect(String(decoding: second, as: UTF8.self).contains("\"start\":\"elsewhere\""))
        #expect(verdict(first).isIntact && !second.isEmpty)
    }

    @Test func `one good record is enough, and a device that is away does not hide it`() throws {
        let trail = try Trail()
        let listener = try Listener("tcp")
        try enable(trail, listener)
        try trail.enable()
        listener.stop()
        for _ in 0..<3 { try trail.broker.record(.request()) }
        #expect(try trail.recorded().count == 3)
        #expect(trail.broker.list().contains { $0.failure != nil })
    }

    @Test func `a listener that does not read holds requests up for the timeout and not for each request`() throws {
        let trail = try Trail()
        let listener = try Listener("unix", path: trail.directory + "/s")
        try enable(trail, listener, ["write_timeout": "100ms"])
        listener.accept()
        let large = JSON.array((0..<400).map { .string("value \($0)") })
        var (failures, stalls) = (0, 0)
        for _ in 0..<200 {
            let elapsed = milliseconds {
                if (try? trail.broker.record(.request(["k": large]))) == nil { failures += 1 }
            }
            if elapsed >= 100 { stalls += 1 }
        }
        #expect(failures > 150)
        // One for the listener, and what a busy machine adds.
        #expect(stalls < 20)
    }

    @Test func `a socket that is not there cannot be enabled`() throws {
        let trail = try Trail()
        let listener = try Listener("tcp")
        let options = listener.options
        listener.stop()
        #expect(throws: AuditError.self) {
            try trail.broker.enable(
                .init(path: "sock/", type: "socket", description: "", options: options, accessor: "a"))
        }
        #expect(throws: AuditError.self) { try enableSyslog(trail, trail.directory + "/none") }
        #expect(trail.broker.list().isEmpty)
    }

    @Test func `each device has keys of its own`() throws {
        let trail = try Trail()
        let listener = try Listener("tcp")
        try enable(trail, listener)
        try trail.enable()
        #expect(try trail.broker.hash("sock/", "value") != trail.broker.hash("file/", "value"))
        try trail.broker.record(.request())
        #expect(!verdict(listener.received().flatMap { $0 }, "file").isIntact)
    }

    static let refusedOptions: [(type: String, options: [String: String])] = [
        ("socket", [:]), ("socket", ["address": ""]), ("socket", ["address": "host"]), ("socket", ["address": "host:0"]),
        ("socket", ["address": "host:99999"]), ("socket", ["address": "a:1", "socket_type": "sctp"]),
        ("socket", ["address": "relative", "socket_type": "unix"]), ("socket", ["address": "::1:80"]),
        ("socket", ["address": "/" + String(repeating: "x", count: 120), "socket_type": "unix"]),
        ("socket", ["address": "a:1", "write_timeout": "1h"]), ("socket", ["address": "a:1", "write_timeout": "0"]),
        ("socket", ["address": "a:1", "log_raw": "true"]), ("socket", ["address": "a:1", "prefix": "x"]),
        ("socket", ["address": "a:1", "fallback": "true"]), ("socket", ["address": "a:1", "exclude": "[]"]),
        ("socket", ["address": "a:1", "file_path": "/a"]), ("socket", ["address": "a:1", "mode": "0600"]),
        ("syslog", ["facility": "LOCAL8"]), ("syslog", ["facility": ""]), ("syslog", ["tag": "a b"]), ("syslog", ["tag": ""]),
        ("syslog", ["socket_path": "log"]), ("syslog", ["address": "a:1"]), ("syslog", ["format": "jsonx"]),
    ]

    @Test(arguments: refusedOptions.indices)
    func `refuses options that mean nothing`(index: Int) {
        let (type, options) = Self.refusedOptions[index]
        #expect(throws: AuditError.self) { try AuditOptions(type: type, options: options) }
    }
}
