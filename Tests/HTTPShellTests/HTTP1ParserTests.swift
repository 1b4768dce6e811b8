import HTTPShell
import NIOCore
import NIOHTTP1
import Testing

/// The parser alone, with the same bytes cut in different ways.
@Suite struct HTTP1ParserTests {
    /// What a server would understand, as text, when the bytes come in pieces of these sizes.
    private func understood(_ bytes: [UInt8], pieces: [Int]) -> String {
        var limits = RequestLimits()
        limits.headerBytesMax = 512
        limits.targetBytesMax = 128
        limits.headerCountMax = 8
        var parser = HTTP1Parser(limits: limits)
        var input = ByteBuffer()
        var text = ""
        var body: [UInt8] = []
        var rest = bytes[...]
        var piece = 0
        while !rest.isEmpty {
            let count = min(rest.count, pieces[piece % pieces.count])
            piece += 1
            input.writeBytes(rest.prefix(count))
            rest = rest.dropFirst(count)
            do throws(HTTPRefusal) {
                while let event = try parser.next(&input) {
                    switch event {
                    case .head(let head):
                        text += "[\(head.method) \(head.target) \(head.isHTTP10) \(head.keepsAlive)"
                        for (name, value) in head.headers { text += " \(name)=\(value)" }
                        text += "]"
                        if head.headers.contains(name: "transfer-encoding") {
                            parser.expectBody(length: nil)
                        } else if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length >= 0 {
                            parser.expectBody(length: length)
                        }
                    case .body(let bytes): body += bytes.readableBytesView
                    case .end:
                        text += "\(body)."
                        body = []
                    }
                }
            } catch {
                return text + "!"
            }
        }
        return text
    }

    private static let samples: [String] = [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "LIST /v1/a%20b?x=1 HTTP/1.0\r\nConnection: Keep-Alive\r\nX:\t a b \t\r\n\r\n",
        "PUT /ü HTTP/1.1\r\nHost: h\r\ncontent-length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\nConnection: x, close\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\nGET /n HTTP/1.1\r\n\r\n",
    ]

    @Test func reads() {
        let read = Self.samples.map { understood(Array($0.utf8), pieces: [10_000]) }
        #expect(
            read == [
                "[GET / false true Host=h][].",
                "[LIST /v1/a%20b?x=1 true true Connection=Keep-Alive X=a b][].",
                "[PUT /ü false true Host=h content-length=5][97, 98, 99, 100, 101].[GET / false false Connection=x, close][].",
                "[POST / false true Transfer-Encoding=chunked]\(Array("abcde0123456789".utf8)).[GET /n false true][].",
            ])
    }

    @Test func understandsTheSameHoweverTheBytesAreCut() {
        var random = Random(state: 7)
        for _ in 0..<20_000 {
            var bytes = Array(Self.samples[random.below(Self.samples.count)].utf8)
            for _ in 0..<random.below(4) {
                let index = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[index] = UInt8(random.below(256))
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(Array("\r\n :,;0aA\u{0}".utf8)[random.below(10)], at: index)
                default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + random.below(40))], at: index)
                }
                if bytes.isEmpty { break }
            }
            let whole = understood(bytes, pieces: [bytes.count + 1])
            let one = understood(bytes, pieces: [1])
            let some = understood(bytes, pieces: [random.below(7) + 1, random.below(30) + 1])
            #expect(whole == one)
            #expect(whole == some)
            if whole != one || whole != some { break }
        }
    }

    /// SplitMix64.
    private struct Random {
        var state: UInt64

        mutating func below(_ count: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return Int((word ^ word >> 31) % UInt64(count))
        }
    }
}
