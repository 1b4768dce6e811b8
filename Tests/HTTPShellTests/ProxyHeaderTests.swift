import EngineKit
import HTTPShell
import Testing

@Suite("Headers of the PROXY protocol")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    private static let client4: [UInt8] = [203, 0, 113, 7, 10, 0, 0, 1, 0x1F, 0x90, 0x20, 0x08]

    private static func binary(_ command: UInt8, _ family: UInt8, _ content: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }

    @Test(
        "reads version 1",
        arguments: [
            ("PROXY TCP4 203.0.113.7 10.0.0.1 8080 8200\r\n", "203.0.113.7", 8_080),
            ("PROXY TCP6 2001:DB8::7 ::1 1 65535\r\n", "2001:db8::7", 1),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65_535),
            ("PROXY UNKNOWN\r\n", "", 0), ("PROXY UNKNOWN ffff::1 whatever\r\n", "", 0),
        ] as [(String, String?, Int)])
    func text(header: String, address: String?, port: Int) {
        let bytes = Array(header.utf8)
        #expect(
            ProxyHeader.read(bytes + Array("GET /".utf8))
                == .complete(ProxyHeader(address: address, port: port), byteCount: bytes.count))
        for count in 0..<bytes.count { #expect(ProxyHeader.read(Array(bytes[..<count])) == .incomplete) }
    }

    @Test(
        "refuses version 1",
        arguments: [
            "GET / HTTP/1.1\r\n\r\n", "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", "PROXY TCP4 ::1 2.2.2.2 1 2\r\n", "PROXY TCP6 1.1.1.1 ::1 1 2\r\n",
            "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 canary 2.2.2.2 1 2\r\n", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n",
            "PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 1.1.1.1\u{0} 2.2.2.2 1 2\r\n", "PROXY TCP4 ١.1.1.1 2.2.2.2 1 2\r\n",
            "PROXY UNKNOWN " + String(repeating: "x", count: 200) + "\r\n",
        ])
    func malformedText(header: String) {
        #expect(ProxyHeader.read(Array(header.utf8)) == .malformed)
    }

    @Test("a line of version 1 without an end is refused at its largest length")
    func endless() {
        let start = Array("PROXY UNKNOWN ".utf8)
        #expect(ProxyHeader.read(start + [UInt8](repeating: 0x78, count: 106 - start.count)) == .incomplete)
        #expect(ProxyHeader.read(start + [UInt8](repeating: 0x78, count: 107 - start.count)) == .malformed)
    }

    @Test("reads version 2, and skips extensions")
    func binary() {
        let six: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 1, 2, 3]
        let destination = [UInt8](repeating: 1, count: 16)
        for (bytes, address, port) in [
            (Self.binary(0x21, 0x11, Self.client4), "203.0.113.7", 8_080),
            (Self.binary(0x21, 0x11, Self.client4 + [0x03, 0, 4, 1, 2, 3, 4]), "203.0.113.7", 8_080),
            (Self.binary(0x21, 0x21, six + destination + [0, 1, 0, 2]), "2001:db8::7", 1),
            (Self.binary(0x21, 0x21, mapped + destination + [0, 1, 0, 2]), "10.1.2.3", 1),
            (Self.binary(0x20, 0x11, Self.client4), nil, 0), (Self.binary(0x20, 0, []), nil, 0),
            (Self.binary(0x21, 0, [1, 2, 3]), "", 0), (Self.binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), "", 0),
        ] as [([UInt8], String?, Int)] {
            #expect(
                ProxyHeader.read(bytes + [0x16, 3, 1])
                    == .complete(ProxyHeader(address: address, port: port), byteCount: bytes.count))
            for count in 0..<bytes.count { #expect(ProxyHeader.read(Array(bytes[..<count])) == .incomplete) }
        }
    }

    @Test("refuses version 2 that is too long, too short, or of another kind")
    func malformedBinary() {
        for bytes in [
            Self.binary(0x11, 0x11, Self.client4), Self.binary(0x31, 0x11, Self.client4), Self.binary(0x22, 0x11, Self.client4),
            Self.binary(0x21, 0x12, Self.client4), Self.binary(0x21, 0x22, [UInt8](repeating: 0, count: 36)),
            Self.binary(0x21, 0xFF, Self.client4), Self.binary(0x21, 0x11, Array(Self.client4.dropLast())),
            Self.binary(0x21, 0x21, Self.client4), Self.binary(0x21, 0x11, []),
            Self.signature + [0x21, 0x11, 0xFF, 0xFF], Self.signature + [0x20, 0, 0x10, 0],
            [13, 10, 13, 11], [13, 0],
        ] {
            #expect(ProxyHeader.read(bytes) == .malformed)
        }
    }

    @Test("no bytes make it trap")
    func anything() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if Bool.random(using: &random) { bytes = Self.signature + bytes } else { bytes = Array("PROXY TCP4 ".utf8) + bytes }
            if case .complete(_, let count) = ProxyHeader.read(bytes) { #expect(count <= bytes.count) }
        }
    }
}
